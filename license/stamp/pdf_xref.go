package stamp

import (
	"bytes"
	"fmt"
	"strconv"
)

// Cross-reference sections (ISO 32000-1 §7.5.4, §7.5.8): where the objects are.

const (
	pdfMaxSections = 1024
	pdfMaxRuns     = 1 << 16 // runs of a table
	pdfMaxObject   = 8 << 20 // bytes of an object without its stream
	pdfTail        = 2048    // where startxref is looked for
)

// pdfSection is a section: runs of a table in the file, or the rows of a stream.
type pdfSection struct {
	off     int64
	stream  bool
	trailer pdfValue
	runs    []pdfRun
	rows    []byte
	widths  [3]int
}

// pdfRun is a run of objects; of a table at is an offset in the file, of a stream
// one in rows.
type pdfRun struct{ first, count, at int64 }

// pdfPlace is where an object is: at an offset, or inside an object stream.
type pdfPlace struct {
	off    int64
	inside int64 // number of the object stream, 0 if none
	index  int64
}

// startXref finds where the last section begins (§7.5.5). Nothing but white space
// may follow the end of the file.
func (f *pdfFile) startXref() (int64, error) {
	from := max(0, f.size-pdfTail)
	tail, err := readAt(f.src, from, int(f.size-from))
	if err != nil {
		return 0, err
	}
	end := bytes.LastIndex(tail, []byte("%%EOF"))
	at := bytes.LastIndex(tail[:max(0, end)], []byte("startxref"))
	if at < 0 || len(bytes.Trim(tail[end+5:], "\x00\t\n\f\r ")) > 0 {
		return 0, fmt.Errorf("PDF without its end: %w", ErrTruncated)
	}
	l := pdfLexer{b: tail, at: at + len("startxref")}
	v, ok := l.value()
	if !ok || v.kind != 'i' || v.num <= 0 || v.num >= f.size {
		return 0, malformed("PDF startxref")
	}
	return v.num, nil
}

// readSections follows the chain of sections, the newest first.
func (f *pdfFile) readSections(off int64) error {
	seen := map[int64]bool{}
	for queue := []int64{off}; len(queue) > 0; {
		off, queue = queue[0], queue[1:]
		if seen[off] || len(f.sections) == pdfMaxSections {
			return malformed("PDF cross-reference sections in a circle")
		}
		seen[off] = true
		s, err := f.readSection(off)
		if err != nil {
			return err
		}
		f.sections = append(f.sections, s)
		for _, key := range []string{"XRefStm", "Prev"} {
			if next := s.trailer.int(key); next > 0 {
				queue = append(queue, next)
			}
		}
	}
	return nil
}

func (f *pdfFile) readSection(off int64) (*pdfSection, error) {
	head, err := readAt(f.src, off, int(min(64, f.size-off)))
	if err != nil {
		return nil, err
	}
	l := pdfLexer{b: head}
	l.skip()
	if !bytes.HasPrefix(head[l.at:], []byte("xref")) {
		return f.readXrefStream(off)
	}
	s := &pdfSection{off: off}
	at := off + int64(l.at) + 4
	for {
		line, err := readAt(f.src, at, int(min(64, f.size-at)))
		if err != nil {
			return nil, err
		}
		l := pdfLexer{b: line}
		l.skip()
		if bytes.HasPrefix(line[l.at:], []byte("trailer")) {
			s.trailer, err = f.dictAt(at + int64(l.at) + 7)
			return s, err
		}
		first, ok1 := strconv.ParseInt(l.word(), 10, 32)
		l.skip()
		count, ok2 := strconv.ParseInt(l.word(), 10, 32)
		l.skip()
		run := pdfRun{first, count, at + int64(l.at)}
		if ok1 != nil || ok2 != nil || first < 0 || count < 0 || run.at > f.size-20*count || len(s.runs) == pdfMaxRuns {
			return nil, malformed("PDF cross-reference table")
		}
		s.runs = append(s.runs, run)
		at = run.at + 20*count
	}
}

// dictAt reads a dictionary.
func (f *pdfFile) dictAt(off int64) (pdfValue, error) {
	v, _, err := f.valueAt(off)
	if err == nil && v.kind != 'd' {
		err = malformed("PDF dictionary")
	}
	return v, err
}

// valueAt reads a value of the file, and answers where it ends.
func (f *pdfFile) valueAt(off int64) (pdfValue, int64, error) {
	for n := int64(4 << 10); ; n *= 16 {
		b, err := readAt(f.src, off, int(min(n, f.size-off)))
		if err != nil {
			return pdfValue{}, 0, err
		}
		l := pdfLexer{b: b}
		if v, ok := l.value(); ok && (l.at < len(b) || n >= f.size-off) {
			return v, off + int64(l.at), nil
		}
		if n >= f.size-off || n > pdfMaxObject {
			return pdfValue{}, 0, malformed(fmt.Sprintf("PDF value at byte %d", off))
		}
	}
}

// objectAt reads the object at off: its number, value, and the offset of what
// follows the value.
func (f *pdfFile) objectAt(off int64) (num int64, v pdfValue, end int64, err error) {
	head, err := readAt(f.src, off, int(min(64, f.size-off)))
	if err != nil {
		return 0, v, 0, err
	}
	l := pdfLexer{b: head}
	l.skip()
	num, bad := strconv.ParseInt(l.word(), 10, 64)
	l.skip()
	l.word()
	l.skip()
	if l.word() != "obj" || bad != nil {
		return 0, v, 0, malformed(fmt.Sprintf("PDF object at byte %d", off))
	}
	v, end, err = f.valueAt(off + int64(l.at))
	return num, v, end, err
}

// readXrefStream reads a section that is a stream.
func (f *pdfFile) readXrefStream(off int64) (*pdfSection, error) {
	_, dict, end, err := f.objectAt(off)
	if err != nil {
		return nil, err
	}
	if kind, _ := dict.get("Type"); kind.name != "XRef" {
		return nil, malformed("PDF cross-reference stream")
	}
	s := &pdfSection{off: off, stream: true, trailer: dict}
	if s.rows, err = f.stream(dict, end); err != nil {
		return nil, err
	}
	widths, _ := dict.get("W")
	if len(widths.array) != 3 {
		return nil, malformed("PDF cross-reference stream")
	}
	row := 0
	for i, w := range widths.array {
		if w.kind != 'i' || w.num < 0 || w.num > 8 {
			return nil, malformed("PDF cross-reference stream")
		}
		s.widths[i] = int(w.num)
		row += int(w.num)
	}
	index, ok := dict.get("Index")
	if !ok {
		index.array = []pdfValue{{kind: 'i'}, {kind: 'i', num: dict.int("Size")}}
	}
	at := int64(0)
	for i := 0; i+1 < len(index.array); i += 2 {
		run := pdfRun{index.array[i].num, index.array[i+1].num, at}
		if run.first < 0 || run.count < 0 || row == 0 || run.count > (int64(len(s.rows))-at)/int64(row) {
			return nil, malformed("PDF cross-reference stream")
		}
		s.runs = append(s.runs, run)
		at += run.count * int64(row)
	}
	return s, nil
}

// place looks an object up in all sections.
func (f *pdfFile) place(num int64) (pdfPlace, bool, error) {
	for _, s := range f.sections {
		for _, run := range s.runs {
			if num < run.first || num-run.first >= run.count {
				continue
			}
			if s.stream {
				p, used := s.row(run.at + (num-run.first)*int64(s.widths[0]+s.widths[1]+s.widths[2]))
				return p, used, nil
			}
			entry, err := readAt(f.src, run.at+20*(num-run.first), 20)
			if err != nil {
				return pdfPlace{}, false, err
			}
			off, bad := strconv.ParseInt(string(entry[:10]), 10, 64)
			if bad != nil {
				return pdfPlace{}, false, malformed("PDF cross-reference table")
			}
			if entry[17] == 'f' && s.trailer.int("XRefStm") > 0 {
				break // of a hybrid file: the stream says where it is
			}
			return pdfPlace{off: off}, entry[17] == 'n', nil
		}
	}
	return pdfPlace{}, false, nil
}

// row reads a row of a stream (§7.5.8.3).
func (s *pdfSection) row(at int64) (pdfPlace, bool) {
	var fields [3]int64
	for i, width := range s.widths {
		for range width {
			fields[i] = fields[i]<<8 | int64(s.rows[at])
			at++
		}
	}
	if s.widths[0] == 0 {
		fields[0] = 1
	}
	switch fields[0] {
	case 1:
		return pdfPlace{off: fields[1]}, true
	case 2:
		return pdfPlace{inside: fields[1], index: fields[2]}, true
	}
	return pdfPlace{}, false
}

// resolve reads the object that a reference leads to; end is where its stream, if
// it has one, begins. What is not there is null.
func (f *pdfFile) resolve(ref pdfValue) (v pdfValue, end int64, err error) {
	p, ok, err := f.place(ref.num)
	if err != nil || !ok {
		return pdfValue{kind: 'k'}, 0, err
	}
	if p.inside > 0 {
		v, err = f.inObjectStream(p)
		return v, 0, err
	}
	if p.off <= 0 || p.off >= f.size {
		return v, 0, fmt.Errorf("PDF object %d at byte %d: %w", ref.num, p.off, ErrTruncated)
	}
	num, v, end, err := f.objectAt(p.off)
	if err == nil && num != ref.num {
		err = malformed(fmt.Sprintf("PDF object %d, found %d", ref.num, num))
	}
	return v, end, err
}
