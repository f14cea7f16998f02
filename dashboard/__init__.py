"""The ASGI application: pages, REST and sockets; no signal processing, no thresholds."""
