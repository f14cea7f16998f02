"""Send a WAV file (16-bit, mono or stereo) to the monitor as a live call would come.

python send_pcm.py call.wav [ws://127.0.0.1:7860/ingest/v1]     needs: pip install websockets
"""

import json
import sys
import time
import wave

from websockets.sync.client import connect

url = sys.argv[2] if len(sys.argv) > 2 else "ws://127.0.0.1:7860/ingest/v1"
with wave.open(sys.argv[1]) as call, connect(url, subprotocols=["tonewatch.pcm.v1"]) as server:
    rate, channels = call.getframerate(), call.getnchannels()
    hello = {"type": "hello", "v": 1, "rate": rate, "channels": channels, "name": sys.argv[1]}
    hello |= {"legs": ["customer", "agent"][:channels], "notice": {"method": "announced"}}
    server.send(json.dumps(hello))
    print(server.recv())  # ready
    while samples := call.readframes(rate // 50):
        server.send(samples)
        time.sleep(0.02)
    server.send(json.dumps({"type": "end"}))
    for message in server:  # ack ..., ended
        print(message)
