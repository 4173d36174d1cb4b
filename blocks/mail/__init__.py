"""Mail as plain values: addresses, writing a message, reading one, and the protocols that carry them."""
