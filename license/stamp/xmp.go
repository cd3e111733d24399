package stamp

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"

	"commonseed/license"
)

// Namespaces of the properties (XMP part 1 §8, ccREL, XMP part 2 §1.2).
const (
	nsRDF       = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsCC        = "http://creativecommons.org/ns#"
	nsOldCC     = "http://web.resource.org/cc/" // read, never written
	nsXMPRights = "http://ns.adobe.com/xap/1.0/rights/"
	nsDC        = "http://purl.org/dc/elements/1.1/"
	nsDCTerms   = "http://purl.org/dc/terms/"
)

var (
	xmpLicense        = xml.Name{Space: nsCC, Local: "license"}
	xmpOldLicense     = xml.Name{Space: nsOldCC, Local: "license"}
	xmpAttributionURL = xml.Name{Space: nsCC, Local: "attributionURL"}
	xmpAttributeTo    = xml.Name{Space: nsCC, Local: "attributionName"}
	xmpMarked         = xml.Name{Space: nsXMPRights, Local: "Marked"}
	xmpWebStatement   = xml.Name{Space: nsXMPRights, Local: "WebStatement"}
	xmpUsageTerms     = xml.Name{Space: nsXMPRights, Local: "UsageTerms"}
	xmpRights         = xml.Name{Space: nsDC, Local: "rights"}
	xmpTitle          = xml.Name{Space: nsDC, Local: "title"}
	xmpCreator        = xml.Name{Space: nsDC, Local: "creator"}
	xmpSource         = xml.Name{Space: nsDC, Local: "source"}
	xmpPDFA           = xml.Name{Space: "http://www.aiim.org/pdfa/ns/id/", Local: "part"}
	xmpProvenance     = xml.Name{Space: nsDCTerms, Local: "provenance"}
)

// xmpPlaces are the properties that speak of rights, and their names as places.
var xmpPlaces = map[xml.Name]string{
	xmpLicense:                           "XMP cc:license",
	xmpOldLicense:                        "XMP cc:license",
	xmpMarked:                            "XMP xmpRights:Marked",
	xmpWebStatement:                      "XMP xmpRights:WebStatement",
	xmpUsageTerms:                        "XMP xmpRights:UsageTerms",
	xmpRights:                            "XMP dc:rights",
	{Space: nsDCTerms, Local: "license"}: "XMP dcterms:license",
	{Space: nsDCTerms, Local: "rights"}:  "XMP dcterms:rights",
}

// xmpWritten are the places every packet of ours holds.
var xmpWritten = []string{
	"XMP cc:license", "XMP xmpRights:Marked", "XMP xmpRights:WebStatement",
	"XMP xmpRights:UsageTerms", "XMP dc:rights",
}

// xmpSkeleton is the packet of a file that has none (XMP part 1 §7.3).
const xmpSkeleton = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
	"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n" +
	"<rdf:RDF xmlns:rdf=\"" + nsRDF + "\">\n" +
	"</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>"

// xmpMerge writes the notice into an XMP packet, or into a new one if existing
// is empty. Ours is one rdf:Description, the last. Of the existing packet,
// cc:license, xmpRights and dc:rights are replaced wherever they stand, and
// dc:title, dc:creator and dc:source stay if they say anything. All else is kept
// byte for byte, but for the padding, which is dropped. Merging a merged packet
// changes nothing. Errors wrap ErrMalformed or *UnsupportedError.
func xmpMerge(existing []byte, n license.Notice) ([]byte, error) {
	n.AttributionURL, n.SourceURL = httpOnly(n.AttributionURL), httpOnly(n.SourceURL)
	tooLarge := &UnsupportedError{"XMP packet", fmt.Sprintf("with the licence in it, it is larger than %d MiB", maxMerged>>20)}
	if len(existing) > maxMerged {
		return nil, tooLarge
	}
	if len(bytes.Trim(existing, "\x00 \t\r\n")) == 0 {
		existing = []byte(xmpSkeleton)
	}
	p, err := parseXMP(existing)
	if err != nil {
		return nil, err
	}
	if p.rdf == nil {
		return nil, fmt.Errorf("XMP packet without rdf:RDF: %w", ErrMalformed)
	}
	if p.has(xmpProvenance) {
		return nil, &UnsupportedError{"XMP packet", "it refers to a content credential, which a stamp would break"}
	}
	cuts := append(p.removeOurs(n), p.unpad()...)
	merged, err := spliceBytes(p.raw, append(cuts, p.insert(p.block(n))))
	if err == nil && len(merged) > maxMerged { // could not be stamped again
		return nil, tooLarge
	}
	return merged, err
}

// xmpStatements lists what a packet says about rights. What comes after a fault
// in the packet is not seen.
func xmpStatements(packet []byte) []Statement {
	p, _ := parseXMP(packet)
	var st []Statement
	for _, d := range p.descs {
		for _, prop := range d.props {
			place, ok := xmpPlaces[prop.name]
			if !ok {
				continue
			}
			for _, value := range prop.values {
				if prop.name == xmpMarked { // a yes or no, which names no licence
					st = append(st, Statement{Place: place, Text: value})
					continue
				}
				st = append(st, statements(place, value)...)
			}
		}
	}
	return st
}

// has says whether a property stands in the packet.
func (p *xmpPacket) has(name xml.Name) bool {
	return slices.ContainsFunc(p.descs, func(d *xmpDesc) bool {
		return slices.ContainsFunc(d.props, func(prop xmpProp) bool { return prop.name == name })
	})
}

// removeOurs cuts out our own description and the properties it replaces.
func (p *xmpPacket) removeOurs(n license.Notice) []splice {
	var cuts []splice
	for _, d := range p.descs {
		if p.ours(d) {
			end := d.end
			if end < len(p.raw) && p.raw[end] == '\n' {
				end++
			}
			cuts = append(cuts, splice{off: int64(d.off), end: int64(end)})
			continue
		}
		for _, prop := range d.props {
			if replaces(prop, n) {
				cuts = append(cuts, splice{off: backOverSpace(p.raw, int64(prop.off)), end: int64(prop.end)})
			}
		}
	}
	return cuts
}

// replaces says whether a property of somebody else must make room for ours: it
// would contradict it, or is an empty shell where we have something to say.
func replaces(prop xmpProp, n license.Notice) bool {
	switch prop.name {
	case xmpLicense, xmpOldLicense, xmpMarked, xmpWebStatement, xmpUsageTerms, xmpRights:
		return true
	case xmpAttributeTo:
		return n.Creator != ""
	case xmpAttributionURL:
		return n.AttributionURL != ""
	case xmpTitle:
		return n.Title != "" && len(prop.values) == 0
	case xmpCreator:
		return n.Creator != "" && len(prop.values) == 0
	case xmpSource:
		return n.SourceURL != "" && len(prop.values) == 0
	}
	return false
}

// ours says whether we wrote a description: it begins as ours do, and nobody
// has put anything else into it.
func (p *xmpPacket) ours(d *xmpDesc) bool {
	if string(p.raw[d.off:d.tagEnd]) != blockStart(d.about) {
		return false
	}
	return !slices.ContainsFunc(d.props, func(prop xmpProp) bool {
		switch prop.name {
		case xmpLicense, xmpMarked, xmpWebStatement, xmpUsageTerms, xmpRights,
			xmpAttributeTo, xmpAttributionURL, xmpTitle, xmpCreator, xmpSource:
			return false
		}
		return true
	})
}

// unpad drops the padding before the trailer: a published file is not edited in
// place, and the room in a JPEG segment is small.
func (p *xmpPacket) unpad() []splice {
	trailer := int64(p.trailer)
	from := backOverSpace(p.raw, trailer)
	if from == trailer {
		return nil
	}
	return []splice{{off: from, end: trailer, data: []byte("\n")}}
}
