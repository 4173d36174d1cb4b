"""Rocket.Chat's protocols, for the kind that speaks them."""
