"""What dev/up does: services.py runs node and assistant, chain.py the development chain, play.py plays a conversation through them."""
