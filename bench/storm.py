#!/usr/bin/env python3
"""A storm of logins with wrong passwords: storm.py PORT SECONDS CLIENTS

Each login is of another account from another address (the server must believe X-Forwarded-For from 127.0.0.1), so that what
bounds it is the cost of a password and not the count of attempts. Prints logins a second, and how many were told that the
server is busy.
"""

import http.client
import json
import random
import sys
import threading
import time

PORT, SECONDS, CLIENTS = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
QUERY = 'mutation($e: String!) { login(email: $e, password: "not the password of anybody") { userErrors { code } } }'
done, busy, lock = 0, 0, threading.Lock()


def client(number):
    global done, busy
    draw = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        address = ".".join(str(draw.randrange(1, 255)) for _ in range(4))
        body = json.dumps({"query": QUERY, "variables": {"e": f"{draw.randrange(10**12)}@storm.example"}})
        headers = {"content-type": "application/json", "x-forwarded-for": address}
        connection.request("POST", "/graphql", body, headers)
        answer = json.loads(connection.getresponse().read())
        if answer.get("errors"):
            code = answer["errors"][0]["extensions"]["code"]
            assert code in ("OVERLOADED", "UNAVAILABLE"), answer
            with lock:
                busy += 1
            time.sleep(0.05)
        else:
            assert answer["data"]["login"]["userErrors"][0]["code"] == "INVALID_CREDENTIALS", answer
            with lock:
                done += 1


threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
began = time.monotonic()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"logins_per_s": round(done / (time.monotonic() - began), 1), "busy": busy}))
