#!/bin/sh
# Makes the samples of Matroska and WebM, with ffmpeg and mkvmerge.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ff() { ffmpeg -y -v error -f lavfi -i "testsrc2=s=64x48:r=10" -f lavfi -i "sine=f=300:r=8000" -t 2 -fflags +bitexact -flags +bitexact "$@"; }
h264="-c:v libx264 -g 5 -pix_fmt yuv420p -c:a libopus -b:a 16k -ar 48000"
vp8="-c:v libvpx -b:v 30k -g 5 -c:a libopus -b:a 16k -ar 48000"
ff $h264 -metadata title="Marea baja" -metadata artist="Ana Ruiz" video-plain.mkv
ff $vp8 video-plain.webm
ff $h264 -cues_to_front 1 -reserve_index_space 200 video-cues-first.mkv
ff $h264 -write_crc32 0 -cluster_time_limit 500 video-clusters.mkv
ff -vn -c:a flac -t 0.3 audio/sound.mka
printf '1\n00:00:00,000 --> 00:00:01,000\nLow tide\n' >"$tmp/s.srt"
printf 'CHAPTER01=00:00:00.000\nCHAPTER01NAME=Ebb\nCHAPTER02=00:00:01.000\nCHAPTER02NAME=Flow\n' >"$tmp/c.txt"
cat >"$tmp/t.xml" <<'XML'
<Tags><Tag><Targets><TargetTypeValue>50</TargetTypeValue></Targets>
<Simple><Name>TITLE</Name><String>Marea baja · 潮</String><Simple><Name>SORT_WITH</Name><String>Marea</String></Simple></Simple>
<Simple><Name>COPYRIGHT</Name><String>2020 Somebody</String></Simple></Tag>
<Tag><Targets><TargetTypeValue>30</TargetTypeValue></Targets><Simple><Name>TITLE</Name><String>Ebb</String></Simple></Tag></Tags>
XML
mkvmerge -q -o video-merged.mkv --global-tags "$tmp/t.xml" --chapters "$tmp/c.txt" --attach-file image-plain.png video-plain.mkv "$tmp/s.srt"
mkvmerge -q -w -o video-merged.webm video-plain.webm
