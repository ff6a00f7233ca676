"""What dev/up does: services.py runs node and assistant, play.py plays a conversation through them."""
