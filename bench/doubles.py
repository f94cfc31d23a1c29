#!/usr/bin/env python3
"""Servers that stand in for those of others in bench/faults.sh, and misbehave when they are told to.

  doubles.py bucket PORT FOLDER SWITCH   as much of S3 as backups ask for, in memory; FOLDER gets a file
                                         for each object. The word in the file SWITCH is what it does:
                                         dead: ends each connection; slow: waits 4 s before each answer;
                                         lies: says that it has stored what it stores with one bit turned
  doubles.py mail PORT FILE SWITCH       takes letters and writes the time of each to FILE; while SWITCH
                                         exists it takes connections and says nothing

Nobody's signature is looked at, and both listen on the loopback address only.
"""

import hashlib
import http.server
import os
import socketserver
import sys
import threading
import time
import urllib.parse
import xml.sax.saxutils

SLOWLY = 4.0  # seconds before each answer of a slow bucket


def mode(switch):
    try:
        with open(switch) as f:
            return f.read().strip()
    except OSError:
        return ""


def bucket(port, folder, switch):
    objects, uploads, lock = {}, {}, threading.Lock()

    def keep(key, body):
        with lock:
            objects[key] = body, time.time()
        file = os.path.join(folder, urllib.parse.quote(key, safe=""))
        with open(file, "wb") as f:
            f.write(body)

    class Bucket(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def begin(self):
            """The key, the query, the body; None where the connection ends."""
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            word = mode(switch)
            if word == "dead":
                self.close_connection = True
                return None
            if word == "slow":
                time.sleep(SLOWLY)
            path, _, query = self.path.partition("?")
            parts = urllib.parse.unquote(path).lstrip("/").split("/", 1)
            query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
            if word == "lies" and body and "delete" not in query:
                middle = len(body) // 2
                body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
            return (parts[1] if len(parts) > 1 else ""), query, body

        def do_PUT(self):
            if (begun := self.begin()) is None:
                return
            key, query, body = begun
            tag = f'"{hashlib.md5(body).hexdigest()}"'
            if "uploadId" in query:
                uploads[query["uploadId"]][int(query["partNumber"])] = body
            elif self.headers.get("if-none-match") == "*" and key in objects:
                return self.answer(412)
            else:
                keep(key, body)
            self.answer(200, etag=tag)

        def do_POST(self):
            if (begun := self.begin()) is None:
                return
            key, query, body = begun
            if "uploads" in query:
                name = f"u{time.time_ns()}"
                uploads[name] = {}
                said = f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId></InitiateMultipartUploadResult>"
            elif "uploadId" in query:
                parts = uploads.pop(query["uploadId"])
                keep(key, b"".join(parts[number] for number in sorted(parts)))
                said = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
            else:  # ?delete
                keys = [part.split("</Key>")[0] for part in body.decode().split("<Key>")[1:]]
                with lock:
                    for key in keys:
                        objects.pop(xml.sax.saxutils.unescape(key), None)
                said = f"<DeleteResult>{''.join(f'<Deleted><Key>{key}</Key></Deleted>' for key in keys)}</DeleteResult>"
            self.answer(200, said.encode(), content_type="application/xml")

        def do_GET(self):
            if (begun := self.begin()) is None:
                return
            key, query, _ = begun
            if not key:
                return self.list(query)
            if key not in objects:
                return self.answer(404)
            body, moment = objects[key]
            headers = {"etag": f'"{hashlib.md5(body).hexdigest()}"', "last_modified": self.date_time_string(int(moment))}
            wanted = self.headers.get("range")
            if not wanted:
                return self.answer(200, body, **headers)
            first, last = wanted.removeprefix("bytes=").split("-")
            start = int(first) if first else max(len(body) - int(last), 0)
            end = min(int(last) + 1, len(body)) if first and last else len(body)
            self.answer(206, body[start:end], content_range=f"bytes {start}-{end - 1}/{len(body)}", **headers)

        do_HEAD = do_GET

        def do_DELETE(self):
            if (begun := self.begin()) is None:
                return
            with lock:
                objects.pop(begun[0], None)
            self.answer(204)

        def list(self, query):
            prefix, delimiter, after = query.get("prefix", ""), query.get("delimiter", ""), query.get("start-after", "")
            rows, folders = [], set()
            with lock:
                found = sorted(objects.items())
            for key, (body, moment) in found:
                if not key.startswith(prefix) or key <= after:
                    continue
                rest = key[len(prefix) :]
                if delimiter and delimiter in rest:
                    folders.add(prefix + rest.split(delimiter)[0] + delimiter)
                    continue
                written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))
                rows.append(
                    f"<Contents><Key>{xml.sax.saxutils.escape(key)}</Key><LastModified>{written}</LastModified>"
                    f'<ETag>"{hashlib.md5(body).hexdigest()}"</ETag><Size>{len(body)}</Size></Contents>'
                )
            shared = "".join(f"<CommonPrefixes><Prefix>{xml.sax.saxutils.escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders))
            said = f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(rows)}{shared}</ListBucketResult>"
            self.answer(200, said.encode(), content_type="application/xml")

        def log_message(self, *_):
            pass

    os.makedirs(folder, exist_ok=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Bucket).serve_forever()


def mail(port, file, switch):
    lock = threading.Lock()

    class Mail(socketserver.StreamRequestHandler):
        def handle(self):
            if os.path.exists(switch):
                time.sleep(60)
                return
            self.say("220 double")
            while line := self.rfile.readline():
                word = line.decode(errors="replace").strip().upper()
                if word.startswith("EHLO"):
                    self.say("250 double")
                elif word == "DATA":
                    self.say("354 go on")
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        pass
                    with lock, open(file, "a") as f:
                        f.write(f"{time.time()}\n")
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 well")

        def say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with open(file, "a"):
        pass
    Server(("127.0.0.1", port), Mail).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("bucket", "mail"):
        sys.exit(__doc__)
    {"bucket": bucket, "mail": mail}[sys.argv[1]](int(sys.argv[2]), sys.argv[3], sys.argv[4])
