"""Reports: a `ReportView` goes in, text comes out. One module per format."""
