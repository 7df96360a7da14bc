"""What a value is: JSON, records, checks, HTML. No module here knows the API."""
