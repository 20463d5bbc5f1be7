"""What is known of PHP, its libraries and REDCap: read from YAML, validated, indexed for look-up."""
