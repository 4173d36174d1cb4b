"""What the steps and connections for Google's services share."""
