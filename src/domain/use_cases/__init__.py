"""The operations of the service that have rules; reads without rules go straight to a port."""
