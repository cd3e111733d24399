package stamp

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"commonseed/license"
)

// jpegStamper stamps JPEG images (ITU T.81 annex B) with an XMP packet in an
// APP1 segment (XMP part 3 §1.1.3). Everything else in the file is essence, and
// stays: pixels, Exif, profiles, what comes after the image.
type jpegStamper struct{}

const (
	jpegXMP      = "http://ns.adobe.com/xap/1.0/\x00"
	jpegXMPExt   = "http://ns.adobe.com/xmp/extension/\x00"
	jpegExif     = "Exif\x00"
	jpegMPF      = "MPF\x00"
	jpegIRB      = "Photoshop 3.0\x00"
	jpegMaxXMP   = 65502 // XMP part 3 §1.1.3
	jpegMaxXMPs  = 16    // packets in one file; one is normal
	jpegMaxExtra = 16 << 20
)

func (jpegStamper) Format() string { return "jpeg" }

func (jpegStamper) Places() []string { return xmpWritten }

func (jpegStamper) Sniff(head []byte) bool { return bytes.HasPrefix(head, []byte("\xff\xd8\xff")) }

func (jpegStamper) Open(src io.ReaderAt, size int64) (Media, error) {
	j, err := scanJPEG(src, size)
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (j *jpegFile) Statements() ([]Statement, error) {
	st := slices.Clone(j.found)
	for _, packet := range j.extended() {
		for _, s := range xmpStatements(packet) {
			s.Place += " (extended)"
			st = append(st, s)
		}
	}
	return append(st, iptcStatements(j.irb)...), nil
}

func (j *jpegFile) Patch(n license.Notice) (Patch, error) {
	if err := j.safe(); err != nil {
		return nil, err
	}
	packets := j.xmp
	if len(packets) == 0 {
		packets = []jpegPacket{{Range: Range{Off: j.insert}}}
	}
	var cuts []splice
	for _, p := range packets {
		segment, err := jpegSegment(p.packet, n)
		if err != nil {
			return nil, err
		}
		cuts = append(cuts, splice{p.Off, p.Off + p.Len, segment})
	}
	fixes, err := j.fixMPF(newMover(cuts))
	if err != nil {
		return nil, err
	}
	return splicePatch(append(cuts, fixes...), j.size)
}

// safe refuses files that an edit would break in silence.
func (j *jpegFile) safe() error {
	if j.jumbf {
		return &UnsupportedError{"jpeg", "it carries a content credential (C2PA), which a stamp would break"}
	}
	if j.extBytes > jpegMaxExtra {
		return &UnsupportedError{"jpeg", fmt.Sprintf("its extended XMP is larger than %d MiB", jpegMaxExtra>>20)}
	}
	for _, packet := range j.extended() {
		if len(xmpStatements(packet)) > 0 {
			return &UnsupportedError{"jpeg", "its extended XMP holds a statement about rights"}
		}
	}
	return nil
}

// jpegSegment merges the notice into a packet and makes it an APP1 segment.
func jpegSegment(packet []byte, n license.Notice) ([]byte, error) {
	merged, err := xmpMerge(packet, n)
	if err != nil {
		return nil, err
	}
	if len(merged) > jpegMaxXMP {
		return nil, &UnsupportedError{"jpeg", "its XMP packet has no room left for the notice"}
	}
	body := append([]byte(jpegXMP), merged...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2)), body...), nil
}

// Essence is all of the file but XMP packets and the index of further images,
// and then the further images once more, as that index addresses them.
func (j *jpegFile) Essence() ([]Range, error) {
	ranges := between(j.holes, j.size)
	images, err := j.images()
	if err != nil {
		return nil, err
	}
	for _, image := range images[min(1, len(images)):] {
		ranges = append(ranges, Range{image.off, image.size})
	}
	return ranges, nil
}

// jpegFile is what a walk over the segments of a file found.
type jpegFile struct {
	size     int64
	insert   int64        // where a packet goes: behind JFIF and Exif
	xmp      []jpegPacket // the segments with standard XMP
	holes    []Range      // segments that are not essence, in file order
	ext      map[string][]jpegExt
	extBytes int
	irb      []byte // Photoshop's resources, joined
	mpf      []byte // the multi-picture block, and where it begins
	mpfAt    int64
	jumbf    bool
	found    []Statement
}

// jpegPacket is an APP1 segment with an XMP packet.
type jpegPacket struct {
	Range
	packet []byte
}

// jpegExt is one portion of an extended packet.
type jpegExt struct {
	off  uint32
	data []byte
}

// extended puts extended packets together (XMP part 3 §1.1.3.1). Portions that
// do not follow each other leave a packet short, which its reader will notice.
func (j *jpegFile) extended() [][]byte {
	var packets [][]byte
	for _, guid := range slices.Sorted(maps.Keys(j.ext)) {
		portions := j.ext[guid]
		slices.SortStableFunc(portions, func(a, b jpegExt) int { return cmp.Compare(a.off, b.off) })
		var packet []byte
		for _, portion := range portions {
			if int64(portion.off) == int64(len(packet)) {
				packet = append(packet, portion.data...)
			}
		}
		packets = append(packets, packet)
	}
	return packets
}
