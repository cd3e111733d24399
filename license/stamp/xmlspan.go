package stamp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// maxXML bounds documents that are edited as XML, in bytes.
const maxXML = 16 << 20

// maxHoles bounds the statements in a document that a stamp replaces.
const maxHoles = 1000

// maxXMLDepth bounds how deep their elements are nested.
const maxXMLDepth = 1024

// xmlSpan is an element and where it lies.
type xmlSpan struct {
	name        xml.Name
	attr        []xml.Attr
	parent      *xmlSpan
	space       int64 // where the white space in front of it begins
	off, tagEnd int64 // of the start tag
	closing     int64 // where the end tag begins
	end         int64
	text        strings.Builder // its own, at most 64 KiB
}

// get is the value of an attribute.
func (e *xmlSpan) get(space, local string) string {
	for _, a := range e.attr {
		if a.Name.Local == local && a.Name.Space == space {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// inside says whether the element has an ancestor of that local name.
func (e *xmlSpan) inside(local string) bool {
	for p := e.parent; p != nil; p = p.parent {
		if p.name.Local == local {
			return true
		}
	}
	return false
}

// walkXML shows every element of a document in UTF-8 when it ends. Entities of
// its own, or another encoding, are an UnsupportedError.
func walkXML(format string, data []byte, ended func(e *xmlSpan)) error {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	shift := int64(len(data)) - int64(len(bytes.TrimPrefix(data, []byte("\ufeff"))))
	var open *xmlSpan
	depth, roots := 0, 0
	for {
		off := dec.InputOffset() + shift
		tok, err := dec.Token()
		if err == io.EOF && roots == 1 {
			return nil
		}
		if err != nil {
			return xmlFault(format, err)
		}
		end := dec.InputOffset() + shift
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return fmt.Errorf("%s nested too deep: %w", strings.ToUpper(format), ErrMalformed)
			}
			if open == nil {
				roots++
			}
			open = &xmlSpan{name: t.Name, attr: t.Copy().Attr, parent: open, space: backOverSpace(data, off), off: off, tagEnd: end}
		case xml.EndElement:
			open.closing, open.end = off, end
			ended(open)
			open, depth = open.parent, depth-1
		case xml.CharData:
			if open != nil {
				open.text.Write(t[:min(len(t), maxText-open.text.Len())])
			}
		}
	}
}

// backOverSpace answers where the white space before off begins.
func backOverSpace(data []byte, off int64) int64 {
	for off > 0 && strings.IndexByte(xmlSpace, data[off-1]) >= 0 {
		off--
	}
	return off
}

// xmlFault tells what cannot be edited from what is broken.
func xmlFault(format string, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "invalid character entity"):
		return &UnsupportedError{format, "it uses entities of its own"}
	case strings.Contains(text, "encoding") && !strings.Contains(text, "UTF-8"):
		return &UnsupportedError{format, "it is not in UTF-8"}
	case err == io.EOF || strings.Contains(text, "unexpected EOF"):
		return fmt.Errorf("%s without its end: %w", strings.ToUpper(format), ErrTruncated)
	}
	return fmt.Errorf("%s: %w: %w", strings.ToUpper(format), err, ErrMalformed)
}

// readWhole reads a document into memory.
func readWhole(format string, src io.ReaderAt, size int64) ([]byte, error) {
	if size > maxXML {
		return nil, &UnsupportedError{format, fmt.Sprintf("it is larger than %d MiB", maxXML>>20)}
	}
	return readAt(src, 0, int(size))
}
