"""Slack's protocols, for the kinds and the action that speak them."""
