#!/usr/bin/env python3
"""Compresses the layers of an image anew with zstd, in a folder of the OCI layout, as `docker buildx build --output type=oci,tar=false` writes it.

  image-zstd.py FOLDER [--level 19] [--most BYTES]     --most: ends with 1 where a platform's layers are larger together
  image-zstd.py --check                                tries itself on an image of two platforms

BuildKit's own `compression=zstd` ends at about level 11 of the program zstd, at which the image is larger than 60 MB. The image's configuration, and with
it the image's ID, stays as it was. Names of layers and manifests change; where attestations (SBOM, provenance) name them, they are changed, too.
Prints a table of Markdown. Needs the program zstd.
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

LAYER = "application/vnd.oci.image.layer.v1.tar"
ZSTD = LAYER + "+zstd"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
STATEMENT = "application/vnd.in-toto+json"
REFERENCE = "vnd.docker.reference.type"
UNPACK = {LAYER: None, LAYER + "+gzip": ["gzip", "--decompress", "--stdout"], ZSTD: ["zstd", "--decompress", "--stdout", "--quiet"]}
# The same, as images of Docker's own form have it.
UNPACK["application/vnd.docker.image.rootfs.diff.tar.gzip"] = UNPACK[LAYER + "+gzip"]


class Layout:
    def __init__(self, folder, level):
        self.folder = pathlib.Path(folder)
        self.level = level
        # Descriptors by what they were named before, and the blobs that nothing names any more.
        self.new = {}
        self.sizes = []

    def path(self, digest):
        kind, name = digest.split(":")
        return self.folder / "blobs" / kind / name

    def document(self, descriptor):
        return json.loads(self.path(descriptor["digest"]).read_bytes())

    def put(self, old, content, media_type=None):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.path(digest).write_bytes(content)
        descriptor = {**old, "mediaType": media_type or old["mediaType"], "digest": digest, "size": len(content)}
        self.new[old["digest"]] = descriptor
        return descriptor

    def put_document(self, old, document):
        document = self.renamed(document)
        # The bytes of what says the same stay: written by us, `&&` or a space would look otherwise, and the image's ID is their digest.
        if document == self.document(old):
            self.new[old["digest"]] = old
            return old
        return self.put(old, json.dumps(document, separators=(",", ":")).encode())

    def renamed(self, value):
        """A document with the new names in it: as `sha256:…`, and without it behind the key `sha256`, as statements have them."""
        if isinstance(value, dict):
            # A descriptor, as provenance has those of layers.
            if isinstance(value.get("digest"), str) and value["digest"] in self.new and "size" in value:
                value = {**value, **{key: self.new[value["digest"]][key] for key in ("mediaType", "size")}}
            return {key: self.renamed("sha256:" + each)[7:] if key == "sha256" and isinstance(each, str) else self.renamed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.renamed(each) for each in value]
        return self.new[value]["digest"] if isinstance(value, str) and value in self.new else value

    def layer(self, old):
        if old["mediaType"] == STATEMENT:
            return self.put_document(old, self.document(old))
        if old["mediaType"] not in UNPACK:
            raise SystemExit(f"image-zstd: a layer of a kind that is not known: {old['mediaType']}")
        if old["digest"] in self.new:
            return {**old, **{key: self.new[old["digest"]][key] for key in ("mediaType", "digest", "size")}}
        blob = self.path(old["digest"])
        unpack = UNPACK[old["mediaType"]]
        with tempfile.TemporaryFile(dir=self.folder) as plain:
            if unpack:
                subprocess.run([*unpack, str(blob)], stdout=plain, check=True)
            else:
                plain.write(blob.read_bytes())
            plain.seek(0)
            # As many threads as there are cores, which changes nothing in what comes out.
            packed = subprocess.run(["zstd", f"-{self.level}", "-T0", "--stdout", "--quiet"], stdin=plain, stdout=subprocess.PIPE, check=True).stdout
        return self.put(old, packed, ZSTD)

    def manifest(self, old):
        document = self.document(old)
        before = sum(each["size"] for each in document["layers"])
        document["layers"] = [self.layer(each) for each in document["layers"]]
        # That of an attestation names its statements; that of an image names what is in its layers, which stays.
        document["config"] = self.put_document(document["config"], self.document(document["config"]))
        if old.get("annotations", {}).get(REFERENCE) is None:
            platform = old.get("platform", {})
            name = "/".join(platform[key] for key in ("os", "architecture", "variant") if key in platform) or "image"
            self.sizes.append((name, before, sum(each["size"] for each in document["layers"])))
        return self.put_document(old, document)

    def index(self, document):
        # Attestations come after the images that they name.
        order = sorted(document["manifests"], key=lambda each: REFERENCE in each.get("annotations", {}))
        done = {each["digest"]: self.descriptor(each) for each in order}
        return {**document, "manifests": [self.renamed(done[each["digest"]]) for each in document["manifests"]]}

    def descriptor(self, old):
        if old["mediaType"] == INDEX:
            return self.put_document(old, self.index(self.document(old)))
        if old["mediaType"] == MANIFEST:
            return self.manifest(old)
        raise SystemExit(f"image-zstd: neither an image nor an index of OCI: {old['mediaType']}")

    def run(self):
        top = self.folder / "index.json"
        document = self.index(json.loads(top.read_text()))
        top.write_text(json.dumps(document))
        kept = {each["digest"] for each in self.new.values()}
        for digest in set(self.new) - kept:
            self.path(digest).unlink()
        return self.sizes


def sample(folder, layers):
    """An image of two platforms that share a layer, each with a statement, as BuildKit writes them."""
    blobs = pathlib.Path(folder) / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(content, media_type, **more):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        name = hashlib.sha256(content).hexdigest()
        (blobs / name).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content), **more}

    manifests = []
    for architecture, own in layers.items():
        plain = [tar_of("etc/base", b"base" * 4000), tar_of("usr/local/bin/entrepot", own)]
        ids = ["sha256:" + hashlib.sha256(each).hexdigest() for each in plain]
        config = put({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": ids}}, "application/vnd.oci.image.config.v1+json")
        packed = [put(gzip.compress(each, mtime=0), LAYER + "+gzip") for each in plain]
        image = put({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": packed}, MANIFEST, platform={"os": "linux", "architecture": architecture})
        statement = put({"subject": [{"name": "_", "digest": {"sha256": image["digest"][7:]}}], "predicate": {"layer": packed[1]}}, STATEMENT)
        of = put({"os": "unknown", "rootfs": {"diff_ids": [statement["digest"]]}, "architecture": "unknown"}, "application/vnd.oci.image.config.v1+json")
        attested = put({"schemaVersion": 2, "mediaType": MANIFEST, "config": of, "layers": [statement]}, MANIFEST, annotations={
            REFERENCE: "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}, platform={"os": "unknown", "architecture": "unknown"})
        manifests += [attested, image]
    index = put({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX, annotations={"org.opencontainers.image.ref.name": "1"})
    (pathlib.Path(folder) / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    (pathlib.Path(folder) / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return manifests


def tar_of(name, content):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def check():
    with tempfile.TemporaryDirectory() as folder:
        before = sample(folder, {"amd64": b"one" * 90000, "arm64": b"two" * 90000})
        layout = Layout(folder, 19)
        image_ids = [layout.document(each)["config"]["digest"] for each in before[1::2]]
        sizes = layout.run()
        assert [each[0] for each in sizes] == ["linux/amd64", "linux/arm64"], sizes
        [top] = json.loads((pathlib.Path(folder) / "index.json").read_text())["manifests"]
        assert top["annotations"] == {"org.opencontainers.image.ref.name": "1"}
        seen = {"index.json", "oci-layout"}

        def read(descriptor):
            content = layout.path(descriptor["digest"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (descriptor["size"], descriptor["digest"][7:]), descriptor
            seen.add(descriptor["digest"][7:])
            return content

        after = json.loads(read(top))["manifests"]
        assert [layout.document(each)["config"]["digest"] for each in after[1::2]] == image_ids
        for attested, image in zip(after[::2], after[1::2]):
            document = json.loads(read(image))
            ids = json.loads(read(document["config"]))["rootfs"]["diff_ids"]
            for each, plain in zip(document["layers"], ids):
                unpacked = subprocess.run(UNPACK[each["mediaType"]], input=read(each), stdout=subprocess.PIPE, check=True).stdout
                assert each["mediaType"] == ZSTD and "sha256:" + hashlib.sha256(unpacked).hexdigest() == plain
            assert attested["annotations"]["vnd.docker.reference.digest"] == image["digest"]
            document_of = json.loads(read(attested))
            [statement] = document_of["layers"]
            assert json.loads(read(document_of["config"]))["rootfs"]["diff_ids"] == [statement["digest"]]
            said = json.loads(read(statement))
            assert said["subject"][0]["digest"]["sha256"] == image["digest"][7:]
            assert said["predicate"]["layer"] == document["layers"][1]
        assert not {each["digest"] for each in before} & {each["digest"] for each in after}
        left = {each.name for each in pathlib.Path(folder).rglob("*") if each.is_file()}
        assert left == seen, left ^ seen


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", nargs="?")
    arguments.add_argument("--level", type=int, default=19)
    arguments.add_argument("--most", type=int)
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    if given.check:
        return check()
    if not given.folder:
        arguments.error("which folder?")
    sizes = Layout(given.folder, given.level).run()
    print("| platform | MB as built | MB with zstd |\n|---|---|---|")
    for name, before, after in sizes:
        print(f"| {name} | {before / 1e6:.1f} | {after / 1e6:.1f} |")
    large = [name for name, _, after in sizes if given.most is not None and after > given.most]
    if large:
        sys.exit(f"image-zstd: larger than {given.most / 1e6:g} MB: {', '.join(large)}")


if __name__ == "__main__":
    main()
