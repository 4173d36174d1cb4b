"""What services send to the accounts of workspaces: signed requests instead of a connection that listens."""
