package stamp

import "encoding/binary"

// Movie fragments (ISO 14496-12 §8.8): moof boxes, each with the tables of the
// samples in the media data that follows.

// Flags of tfhd (§8.8.7) and trun (§8.8.8).
const (
	tfhdBase        = 0x1
	tfhdDescription = 0x2
	tfhdDuration    = 0x8
	tfhdSize        = 0x10
	tfhdBaseIsMoof  = 0x20000

	trunOffset   = 0x1
	trunFirst    = 0x4
	trunDuration = 0x100
	trunSize     = 0x200
	trunFlags    = 0x400
	trunTime     = 0x800
)

// trackFragment is a traf box and what its header says.
type trackFragment struct {
	runs    []boxData // trun boxes
	tfhd    boxData
	flags   uint32
	track   uint32
	base    int64 // if flags has tfhdBase
	baseAt  int64 // where in the file base stands
	size    uint32
	hasSize bool
}

// eachTrackFragment calls do for every traf of a fragment, in order.
func eachTrackFragment(moof boxData, do func(trackFragment) error) error {
	boxes, err := moof.children(0)
	if err != nil {
		return err
	}
	for _, b := range boxes {
		if b.kind != "traf" {
			continue
		}
		tf, err := readTrackFragment(b)
		if err != nil {
			return err
		}
		if err := do(tf); err != nil {
			return err
		}
	}
	return nil
}

func readTrackFragment(traf boxData) (trackFragment, error) {
	var tf trackFragment
	boxes, err := traf.children(0)
	if err != nil {
		return tf, err
	}
	for _, b := range boxes {
		switch b.kind {
		case "tfhd":
			tf.tfhd = b
		case "trun":
			tf.runs = append(tf.runs, b)
		}
	}
	if tf.tfhd.data == nil {
		return tf, traf.broken()
	}
	return tf, tf.header()
}

// header reads tfhd: the track, and then the fields that its flags announce.
func (tf *trackFragment) header() error {
	_, flags, rest, err := tf.tfhd.full()
	if err != nil {
		return err
	}
	need := 4
	for flag, width := range map[uint32]int{tfhdBase: 8, tfhdDescription: 4, tfhdDuration: 4, tfhdSize: 4} {
		if flags&flag != 0 {
			need += width
		}
	}
	if len(rest) < need {
		return tf.tfhd.broken()
	}
	tf.flags, tf.track = flags, binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if flags&tfhdBase != 0 {
		tf.base, tf.baseAt = getOffset(rest, 8), tf.tfhd.end-int64(len(rest))
		rest = rest[8:]
	}
	if flags&tfhdDescription != 0 {
		rest = rest[4:]
	}
	if flags&tfhdDuration != 0 {
		rest = rest[4:]
	}
	if tf.hasSize = flags&tfhdSize != 0; tf.hasSize {
		tf.size = binary.BigEndian.Uint32(rest)
	}
	return nil
}

// fragments adds the samples of all fragments.
func (e *essence) fragments() error {
	if err := e.readDefaults(); err != nil {
		return err
	}
	for _, b := range e.movie.top {
		if b.kind != "moof" {
			continue
		}
		moof, err := loadBox(e.movie.src, b, maxMoof)
		if err != nil {
			return err
		}
		next := b.off // without a base, data follows that of the traf before
		err = eachTrackFragment(moof, func(tf trackFragment) error {
			switch {
			case tf.flags&tfhdBase != 0:
				next = tf.base
			case tf.flags&tfhdBaseIsMoof != 0:
				next = b.off
			}
			next, err = e.trackFragment(tf, next)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readDefaults reads the sizes of samples that fragments need not repeat.
func (e *essence) readDefaults() error {
	mvex, ok, err := e.movie.moov.child("mvex")
	if err != nil || !ok {
		return err
	}
	boxes, err := mvex.children(0)
	if err != nil {
		return err
	}
	for _, b := range boxes {
		if c := b.contents(); b.kind == "trex" && len(c) >= 20 {
			e.defaults[binary.BigEndian.Uint32(c[4:])] = binary.BigEndian.Uint32(c[16:])
		}
	}
	return nil
}

// trackFragment adds the runs of a traf whose data base is base, and answers
// where its data ends.
func (e *essence) trackFragment(tf trackFragment, base int64) (end int64, err error) {
	size := e.defaults[tf.track]
	if tf.hasSize {
		size = tf.size
	}
	end = base
	for _, run := range tf.runs {
		start, length, err := readRun(run, base, end, size)
		if err != nil {
			return 0, err
		}
		if err := e.add(start, length); err != nil {
			return 0, err
		}
		end = start + length
	}
	return end, nil
}

// readRun reads a trun: where its data begins, and how long it is. Without an
// offset of its own it begins at next.
func readRun(run boxData, base, next int64, size uint32) (start, length int64, err error) {
	_, flags, rest, err := run.full()
	if err != nil || len(rest) < 4 {
		return 0, 0, run.broken()
	}
	count := binary.BigEndian.Uint32(rest)
	rest, start = rest[4:], next
	if flags&trunOffset != 0 {
		if len(rest) < 4 {
			return 0, 0, run.broken()
		}
		start, rest = base+int64(int32(binary.BigEndian.Uint32(rest))), rest[4:]
	}
	if flags&trunFirst != 0 {
		if len(rest) < 4 {
			return 0, 0, run.broken()
		}
		rest = rest[4:]
	}
	stride, sizeAt := 0, 0
	for _, flag := range []uint32{trunDuration, trunSize, trunFlags, trunTime} {
		if flag == trunSize {
			sizeAt = stride
		}
		if flags&flag != 0 {
			stride += 4
		}
	}
	if int64(count)*int64(stride) > int64(len(rest)) {
		return 0, 0, run.broken()
	}
	if flags&trunSize == 0 {
		return start, product(count, size), nil
	}
	for at := sizeAt; count > 0; count, at = count-1, at+stride {
		length += int64(binary.BigEndian.Uint32(rest[at:]))
	}
	return start, length, nil
}
