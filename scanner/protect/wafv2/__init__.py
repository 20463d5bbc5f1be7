"""AWS WAF (WAFv2) offline: rules as values, what they cost, and what they do with a request.

Semantics are those of the AWS WAF Developer Guide and of the WAFv2 API reference as of 2026. Where they leave room, a
`Reading` says which way, and a result has to hold in every one.
"""
