#!/usr/bin/env python3
"""An RTSP camera for tests: a moving test picture or a folder of pictures at rtsp://ADDRESS:PORT/cam, with a password when
asked.

Needs Debian's gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-{base,good,ugly}, gstreamer1.0-libav, python3-gi.
Prints "ready PORT" when it listens.
"""
import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},framerate={fps}/1 ! "
STREAMS = {
    "h264": PICTURE + "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} ! rtph264pay name=pay0 pt=96",
    "jpeg": PICTURE + "jpegenc ! rtpjpegpay name=pay0 pt=26",
    # Raw GStreamer buffers in RTP: video that nothing but GStreamer reads.
    "unknown": PICTURE + "x264enc tune=zerolatency ! rtpgstpay name=pay0 pt=96",
    # Sound and no picture.
    "audio": "audiotestsrc is-live=true ! audioconvert ! alawenc ! rtppcmapay name=pay0 pt=8",
}

parser = argparse.ArgumentParser()
parser.add_argument("--port", default="0")
parser.add_argument("--stream", choices=STREAMS, default="h264")
parser.add_argument("--user", help="with --password: basic and digest authentication")
parser.add_argument("--password", default="")
parser.add_argument("--width", type=int, default=640)
parser.add_argument("--height", type=int, default=360)
parser.add_argument("--fps", type=int, default=15)
parser.add_argument("--address", default="127.0.0.1")
parser.add_argument("--folder", help="JPEGs 00000.jpg, 00001.jpg and so on, shown again and again, instead of the test picture")
args = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address(args.address)
server.set_service(args.port)
factory = GstRtspServer.RTSPMediaFactory()
if args.folder:
    files = args.folder + "/%05d.jpg"
    PICTURES = f"multifilesrc location=\"{files}\" loop=true caps=image/jpeg,framerate={args.fps}/1 ! jpegdec ! "
    PICTURES += "videoconvert ! video/x-raw,format=I420 ! "
    STREAMS["h264"] = PICTURES + STREAMS["h264"].removeprefix(PICTURE)
pipeline = STREAMS[args.stream].format(width=args.width, height=args.height, fps=args.fps)
factory.set_launch("( " + pipeline + " )")
factory.set_shared(True)
if args.user:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtspServer.RTSPAuth and 2)  # GST_RTSP_AUTH_DIGEST
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(args.user, args.password, token)
    server.set_auth(auth)
    factory.add_role_from_structure(
        Gst.Structure.new_from_string("viewer,media.factory.access=true,media.factory.construct=true")
    )
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit(f"nothing can listen on port {args.port}")
print("ready", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
