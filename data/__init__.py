"""What a merchant brings and what the service keeps: tables, settings, money, the lake, records."""
