#!/bin/sh
# Makes the audio samples again: sine tones and a drawn picture, made for this
# project. Needs ffmpeg, lame, flac, oggenc and opusenc. The files differ a
# little with every version of these programs, so they are kept beside this script.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

tone() { # name, sample rate, channels
	ffmpeg -v error -y -f lavfi -i "sine=frequency=440:duration=0.5:sample_rate=$2" \
		-ac "$3" -fflags +bitexact -map_metadata -1 "$work/$1.wav"
}
tone stereo 44100 2
tone mono 44100 1
tone low 22050 1
tone phone 8000 1
ffmpeg -v error -y -f lavfi -i "testsrc=size=64x64" -frames:v 1 -q:v 9 -bitexact "$work/cover.jpg"
title='Marea baja · 潮'

lame --quiet -b 64 --id3v2-only --tt "$title" --ta 'Ana Ruiz' \
	--ti "$work/cover.jpg" "$work/stereo.wav" lame.mp3
lame --quiet -V 7 "$work/mono.wav" vbr.mp3
lame --quiet -t -b 64 "$work/mono.wav" bare.mp3
lame --quiet -t -b 24 "$work/low.wav" mpeg2.mp3
lame --quiet -t -b 8 "$work/phone.wav" mpeg25.mp3
ffmpeg -v error -y -i "$work/mono.wav" -c:a mp2 -b:a 32k -bitexact -f mp2 layer2.mp3
ffmpeg -v error -y -i "$work/stereo.wav" -i "$work/cover.jpg" -map 0 -map 1 -c:a libmp3lame -b:a 64k -c:v copy \
	-disposition:v attached_pic -metadata title="$title" -metadata artist='Ana Ruiz' -metadata comment='Recorded in Lima' -id3v2_version 4 -write_id3v1 1 id3v24.mp3

cat > "$work/sheet.cue" <<CUE
FILE "x" WAVE
  TRACK 01 AUDIO
    INDEX 01 00:00:00
CUE
flac --silent -f --picture="$work/cover.jpg" --cuesheet="$work/sheet.cue" --padding=256 -T "TITLE=$title" \
	-T 'ARTIST=Ana Ruiz' -T 'ARTIST=Second Artist' -T 'license_note=none yet' -o tagged.flac "$work/mono.wav"
flac --silent -f --no-padding --no-seektable -o bare.flac "$work/mono.wav"
metaflac --dont-use-padding --remove --block-type=VORBIS_COMMENT bare.flac
ffmpeg -v error -i "$work/mono.wav" -c:a flac -bitexact -f flac - > streamed.flac

oggenc -Q -q 0 -t "$title" -a 'Ana Ruiz' -c 'COMMENT=Recorded in Lima' -o vorbis.ogg "$work/mono.wav"
opusenc --quiet --bitrate 24 --title "$title" --artist 'Ana Ruiz' --picture "$work/cover.jpg" "$work/mono.wav" opus.opus
