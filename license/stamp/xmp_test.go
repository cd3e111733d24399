package stamp

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
	"commonseed/license"
)

// packets are what other programs write.
var packets = map[string]string{
	"elements": "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>\n" + `<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 12.57'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>

 <rdf:Description rdf:about=''
  xmlns:cc='http://creativecommons.org/ns#'>
  <cc:license rdf:resource='http://creativecommons.org/licenses/by-nc/3.0/'/>
  <cc:requires rdf:resource='http://creativecommons.org/ns#Notice'/>
 </rdf:Description>

 <rdf:Description rdf:about=''
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
  <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Of old</rdf:li><rdf:li xml:lang='de'>Von einst</rdf:li></rdf:Alt></dc:title>
  <dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Mine &amp; yours</rdf:li></rdf:Alt></dc:rights>
  <dc:subject><rdf:Bag><rdf:li>keep</rdf:li></rdf:Bag></dc:subject>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
` + strings.Repeat(strings.Repeat(" ", 99)+"\n", 20) + "<?xpacket end='w'?>",
	"attributes": `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF + `"><rdf:Description rdf:about="uuid:1&amp;2" xmlns:xap="http://ns.adobe.com/xap/1.0/" xmlns:xapRights="` + nsXMPRights + `"
   xap:Rating = "3" xapRights:Marked="True"
   xapRights:WebStatement='https://example.org/a>b' xap:Label="x=y"/></rdf:RDF></x:xmpmeta>`,
	"bare":        `<r:RDF xmlns:r="` + nsRDF + `"><r:Description r:about=""><c:license xmlns:c="` + nsOldCC + `">http://creativecommons.org/licenses/by/2.0/</c:license></r:Description></r:RDF>`,
	"self-closed": `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xapmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF + `"/></x:xapmeta><?xpacket end="r"?>`,
	"default namespace": `<RDF xmlns="` + nsRDF + `" xmlns:r="` + nsRDF + `" xmlns:e="https://example.org/">` +
		`<Description r:about=""><e:a><Bag><li>1</li></Bag></e:a></Description></RDF>`,
	"empty title": rdf(`<rdf:Description rdf:about="" xmlns:dc="` + nsDC + `"><dc:title><rdf:Alt><rdf:li xml:lang="x-default"/></rdf:Alt></dc:title></rdf:Description>`),
	"structures": rdf(`<rdf:Description rdf:about="" xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:xmpRights="` + nsXMPRights + `"><m:Ingredients><rdf:Bag>` +
		`<rdf:li rdf:parseType="Resource"><xmpRights:Marked>False</xmpRights:Marked></rdf:li></rdf:Bag></m:Ingredients></rdf:Description>`),
}

// kept are parts that must survive, byte for byte.
var kept = map[string][]string{
	"elements": {
		"<cc:requires rdf:resource='http://creativecommons.org/ns#Notice'/>",
		"<dc:subject><rdf:Bag><rdf:li>keep</rdf:li></rdf:Bag></dc:subject>",
		"<rdf:li xml:lang='de'>Von einst</rdf:li>", "x:xmptk='Image::ExifTool 12.57'", "<?xpacket end='w'?>",
	},
	"attributes":        {`xap:Rating = "3"`, `xap:Label="x=y"`, `rdf:about="uuid:1&amp;2"`},
	"bare":              {`<r:Description r:about="">`},
	"self-closed":       {`<x:xapmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="` + nsRDF + `"`, `<?xpacket end="r"?>`},
	"default namespace": {`<e:a><Bag><li>1</li></Bag></e:a>`},
	"structures":        {`<xmpRights:Marked>False</xmpRights:Marked>`},
}

// gone are parts that must make room.
var gone = map[string][]string{
	"elements":    {"by-nc/3.0", "Mine &amp; yours", "Marea baja", strings.Repeat(" ", 50)},
	"attributes":  {"a>b", `xapRights:Marked=`},
	"bare":        {"by/2.0"},
	"empty title": {`<rdf:li xml:lang="x-default"/>`},
}

func merge(t testing.TB, packet string, n license.Notice) string {
	t.Helper()
	out, err := xmpMerge([]byte(packet), n)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestXMPMerge(t *testing.T) {
	a, b := fullNotice(byA), fullNotice(byB)
	all := map[string]string{"none": "", "zeros": "\x00\x00"}
	for name, packet := range packets {
		all[name] = packet
	}
	for name, packet := range all {
		out := merge(t, packet, a)
		if merge(t, out, a) != out {
			t.Errorf("%s: merging again gives other bytes", name)
		}
		if merge(t, merge(t, out, b), a) != out {
			t.Errorf("%s: there and back gives other bytes", name)
		}
		if merge(t, out, b) != merge(t, packet, b) {
			t.Errorf("%s: relicensing is not like stamping once", name)
		}
		for _, part := range kept[name] {
			if !strings.Contains(packet, part) || !strings.Contains(out, part) {
				t.Errorf("%s: %q did not survive in\n%s", name, part, out)
			}
		}
		for _, part := range gone[name] {
			if strings.Contains(out, part) {
				t.Errorf("%s: %q is still there in\n%s", name, part, out)
			}
		}
		want := []Statement{
			{Place: "XMP cc:license", Text: byA.URL, License: byA},
			{Place: "XMP xmpRights:Marked", Text: "True"},
			{Place: "XMP xmpRights:WebStatement", Text: a.PageURL},
			{Place: "XMP xmpRights:UsageTerms", Text: a.UsageTerms(), License: byA},
			{Place: "XMP dc:rights", Text: a.Copyright(), License: byA},
		}
		if got := xmpStatements([]byte(out)); !slices.Equal(got, want) {
			t.Errorf("%s: reads back as %+v", name, got)
		}
	}
}

func TestXMPNew(t *testing.T) {
	n := license.Notice{
		License: mustParse("CC0"), Title: `<"Tide" & ebb>`, Creator: "Ana\x00 Ruiz", PageURL: "https://example.org/?a=1&b=2",
		SourceURL: "javascript:alert(1)", AttributionURL: "file:///etc/passwd",
	}
	want := "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about="">
<cc:license rdf:resource="https://creativecommons.org/publicdomain/zero/1.0/"/>
<cc:attributionName>Ana Ruiz</cc:attributionName>
<xmpRights:Marked>False</xmpRights:Marked>
<xmpRights:WebStatement>https://example.org/?a=1&amp;b=2</xmpRights:WebStatement>
<xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">` + escapeXML(n.UsageTerms()) + `</rdf:li></rdf:Alt></xmpRights:UsageTerms>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">` + escapeXML(oneLine(n.Copyright())) + `</rdf:li></rdf:Alt></dc:rights>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">&lt;&#34;Tide&#34; &amp; ebb&gt;</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ana Ruiz</rdf:li></rdf:Seq></dc:creator>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`
	if got := merge(t, "", n); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestXMPKeepsAttribution: whoever restamps a work must not lose where its
// creator wants credit to link.
func TestXMPKeepsAttribution(t *testing.T) {
	packet := rdf(`<rdf:Description rdf:about="" xmlns:cc="` + nsCC + `" cc:attributionName="Ana"><cc:attributionURL rdf:resource="https://ana.example.org/"/></rdf:Description>`)
	out := merge(t, packet, license.Notice{License: byA})
	if !strings.Contains(out, `cc:attributionName="Ana"`) || !strings.Contains(out, "https://ana.example.org/") {
		t.Errorf("lost: %s", out)
	}
	out = merge(t, packet, license.Notice{License: byA, Creator: "Bo", AttributionURL: "https://bo.example.org/"})
	if strings.Contains(out, `Ana`) || strings.Contains(out, "https://ana.example.org/") {
		t.Errorf("two credits: %s", out)
	}
}

func TestXMPStatements(t *testing.T) {
	for packet, want := range map[string][]Statement{
		packets["elements"]: {
			{Place: "XMP cc:license", Text: "http://creativecommons.org/licenses/by-nc/3.0/", License: mustParse("CC BY-NC 3.0")},
			{Place: "XMP dc:rights", Text: "Mine & yours"},
		},
		packets["attributes"]: {
			{Place: "XMP xmpRights:Marked", Text: "True"},
			{Place: "XMP xmpRights:WebStatement", Text: "https://example.org/a>b"},
		},
		packets["bare"]:       {{Place: "XMP cc:license", Text: "http://creativecommons.org/licenses/by/2.0/", License: mustParse("CC BY 2.0")}},
		packets["structures"]: nil,
		rdf(`<rdf:Description rdf:about="" xmlns:x="` + nsXMPRights + `"><x:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">All rights reserved.</rdf:li><rdf:li xml:lang="de">Alle Rechte vorbehalten.</rdf:li></rdf:Alt></x:UsageTerms></rdf:Description>`): {
			{Place: "XMP xmpRights:UsageTerms", Text: "All rights reserved.", Reserves: true},
			{Place: "XMP xmpRights:UsageTerms", Text: "Alle Rechte vorbehalten.", Reserves: true},
		},
		rdf(`<rdf:Description rdf:about="" xmlns:c="` + nsCC + `"><c:license><rdf:Description rdf:about="` + byA.URL + `"/></c:license></rdf:Description>`): {
			{Place: "XMP cc:license", Text: byA.URL, License: byA},
		},
		"":                          nil,
		"text":                      nil,
		packets["attributes"][:100]: nil,
	} {
		if got := xmpStatements([]byte(packet)); !slices.Equal(got, want) {
			t.Errorf("%s\n%+v", packet, got)
		}
	}
}

func TestXMPRefused(t *testing.T) {
	for name, c := range map[string]struct {
		packet string
		want   error // nil: an UnsupportedError
	}{
		"UTF-16":        {"\xff\xfe<\x00?\x00", nil},
		"UTF-32":        {"\x00\x00\x00<", nil},
		"too large":     {rdf(strings.Repeat(" ", maxXMP)), nil},
		"credential":    {rdf(`<rdf:Description rdf:about="" xmlns:t="` + nsDCTerms + `" t:provenance="https://example.org/c2pa"/>`), nil},
		"no RDF":        {`<x:xmpmeta xmlns:x="adobe:ns:meta/"/>`, ErrMalformed},
		"two RDF":       {"<a>" + rdf("") + rdf("") + "</a>", ErrMalformed},
		"not closed":    {strings.TrimSuffix(rdf(""), "</x:xmpmeta>"), ErrMalformed},
		"document type": {`<!DOCTYPE a [<!ENTITY b "c">]>` + rdf(""), ErrMalformed},
		"entity":        {rdf("&b;"), ErrMalformed},
		"other charset": {`<?xml version="1.0" encoding="ISO-8859-1"?>` + rdf(""), ErrMalformed},
		"too deep":      {rdf(strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)), ErrMalformed},
		"not UTF-8":     {rdf("\xff"), ErrMalformed},
	} {
		_, err := xmpMerge([]byte(c.packet), fullNotice(byA))
		if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, new(*UnsupportedError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestXMPStranger lets exiftool rewrite a packet of ours and merges into that.
func TestXMPStranger(t *testing.T) {
	peers.Need(t, "exiftool")
	n := fullNotice(byA)
	path := filepath.Join(t.TempDir(), "a.xmp")
	if err := os.WriteFile(path, []byte(merge(t, packets["elements"], n)), 0o644); err != nil {
		t.Fatal(err)
	}
	peers.Run(t, "exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=5", path)
	rewritten, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := merge(t, string(rewritten), fullNotice(byB))
	if strings.Contains(out, byA.URL) || !strings.Contains(out, "<xmp:Rating>5</xmp:Rating>") {
		t.Errorf("got %s", out)
	}
	if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	got := peers.Run(t, "exiftool", "-s3", "-XMP-cc:License", "-XMP-dc:Title", "-XMP-xmpRights:WebStatement", path)
	if want := byB.URL + "\nOf old\n" + n.PageURL + "\n"; got != want {
		t.Errorf("exiftool reads %q, want %q", got, want)
	}
}

func FuzzXMP(f *testing.F) {
	for _, packet := range packets {
		f.Add([]byte(packet))
	}
	n := fullNotice(byA)
	f.Add([]byte(merge(f, "", n)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		xmpStatements(packet)
		once, err := xmpMerge(packet, n)
		if err != nil {
			return
		}
		twice, err := xmpMerge(once, n)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("merging again: %v\n%s\n%s", err, once, twice)
		}
		st := xmpStatements(once)
		if !says(st, []string{"XMP cc:license"}, byA) {
			t.Fatalf("does not read back: %+v", st)
		}
		for _, s := range st {
			if slices.Contains(xmpWritten, s.Place) && !s.License.IsZero() && s.License != byA {
				t.Fatalf("%s still says %q", s.Place, s.Text)
			}
		}
	})
}
