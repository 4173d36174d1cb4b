"""What an alert says where its words do not matter."""

from core.notifications.words import Message

STORM = Message("rate", {"automation": "Offer", "limit": 300})
