package stamp

import (
	"fmt"
	"math"
	"slices"
)

// Multi-picture files (CIPA DC-007) hold further images behind the first: a gain
// map, the other eye, a preview. An index in APP2 addresses them relative to
// itself, and gives the size of the first.

// mpfImage is an entry of the index, in file coordinates. The first image is
// the one that holds the index; it begins at 0.
type mpfImage struct {
	entry     int // where the entry lies in the block
	off, size int64
	relative  bool // its offset counts from the block
}

const mpfEntrySize = 16

// images reads the index; nil if there is none.
func (j *jpegFile) images() ([]mpfImage, error) {
	if j.mpf == nil {
		return nil, nil
	}
	order, fields := tiffFirst(j.mpf)
	if order == nil {
		return nil, fmt.Errorf("index of further images: %w", ErrMalformed)
	}
	var images []mpfImage
	for _, f := range fields {
		if f.tag != mpfImages {
			continue
		}
		for at := f.off; at+mpfEntrySize <= f.off+f.size; at += mpfEntrySize {
			image := mpfImage{entry: at, size: int64(order.Uint32(j.mpf[at+4:]))}
			if rel := order.Uint32(j.mpf[at+8:]); rel != 0 {
				image.off, image.relative = j.mpfAt+int64(rel), true
			}
			if image.off > j.size-image.size {
				return nil, fmt.Errorf("image %d of several, at byte %d: %w", len(images)+1, image.off, ErrTruncated)
			}
			images = append(images, image)
		}
	}
	return images, nil
}

// fixMPF rewrites the index for a file in which bytes have moved.
func (j *jpegFile) fixMPF(m *mover) ([]splice, error) {
	images, err := j.images()
	if err != nil || len(images) == 0 {
		return nil, err
	}
	order, _ := tiffFirst(j.mpf)
	base, ok := m.at(j.mpfAt)
	block := append([]byte(nil), j.mpf...)
	for i, image := range images {
		if i > 0 && (m.changes(image.off, image.off+image.size) || j.inHole(image.off, image.off+image.size)) {
			ok = false
			break
		}
		start, okStart := m.at(image.off)
		end, okEnd := m.at(image.off + image.size)
		rel := start - base
		if ok = ok && okStart && okEnd && end-start <= math.MaxUint32 && rel <= math.MaxUint32; !ok {
			break
		}
		order.PutUint32(block[image.entry+4:], uint32(end-start))
		if image.relative {
			order.PutUint32(block[image.entry+8:], uint32(rel))
		}
	}
	if !ok {
		return nil, &UnsupportedError{"jpeg", "its index of further images points into metadata"}
	}
	return []splice{{j.mpfAt, j.mpfAt + int64(len(block)), block}}, nil
}

// inHole says whether anything in [off,end) is what a stamp may rewrite.
func (j *jpegFile) inHole(off, end int64) bool {
	return slices.ContainsFunc(j.holes, func(h Range) bool { return h.Off < end && off < h.Off+h.Len })
}
