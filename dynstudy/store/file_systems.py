"""Whether a file is on a file system of the network, where SQLite cannot keep writers apart.

Its locks do not hold there, or not everywhere, and its log (WAL) needs memory that processes of
one machine share: two that write damage the file, sooner or later.
"""

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

NETWORK = frozenset(
    "nfs nfs3 nfs4 cifs smb smb2 smb3 smbfs afs ncpfs coda davfs ceph lustre gpfs beegfs fhgfs "
    "glusterfs panfs pvfs2 orangefs wekafs ocfs2 gfs2 fuse.sshfs fuse.s3fs fuse.ceph "
    "fuse.ceph-fuse fuse.glusterfs fuse.rclone fuse.davfs fuse.davfs2 fuse.gcsfuse fuse.juicefs "
    "fuse.mfs fuse.moosefs fuse.lizardfs fuse.beegfs fuse.smbnetfs fuse.curlftpfs fuse.goofys "
    "fuse.blobfuse fuse.blobfuse2 fuse.seaweedfs fuse.gvfsd-fuse".split()
)
"""Types of file systems, as Linux names them."""

ALLOWED = "DYNSTUDY_SQLITE_ON_NETWORK"


def network_file_system(path: str | Path, mounts: Path = MOUNTS) -> str | None:
    """Return the type of the network's file system that a path is on, if it is on one.

    The path need not be there; on other systems than Linux nothing is known of it.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real, kind, length = str(Path(path).resolve()), "", -1
    for line in lines:
        # 36 35 98:0 /root /mount/point options shared:1 - type source options, see proc(5)
        before, _, after = line.partition(" - ")
        fields, described = before.split(" "), after.split(" ")
        if len(fields) < 5:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= length:  # of two at one place, the later one is seen
            kind, length = described[0], len(point)
    return kind if kind in NETWORK else None


def refused_there(path: str | Path) -> str | None:
    """Return why SQLite is not to write to a file, as the end of an error; None where it may."""
    kind = network_file_system(path)
    if kind is None or os.environ.get(ALLOWED) == "1":
        return None
    return (
        f"is on a file system of the network ({kind}), where SQLite cannot keep writers apart and "
        "files are damaged; use PostgreSQL or a path on a disk of this machine (who alone uses it, "
        f"on one machine, may set {ALLOWED}=1)"
    )
