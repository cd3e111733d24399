#!/usr/bin/python3
"""Makes the samples of SVG, HTML and EPUB."""
import os, zipfile
os.chdir(os.path.dirname(os.path.abspath(__file__)))

def write(name, text):
    with open(name, "w", encoding="utf-8", newline="") as f:
        f.write(text)

write("doc-plain.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="#048"/><circle cx="20" cy="15" r="9" fill="#fc0"/></svg>\n')
write("doc-inkscape.svg", '''<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg:svg xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:cc="http://creativecommons.org/ns#"
   xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:svg="http://www.w3.org/2000/svg" width="40" height="30" version="1.1">
  <svg:metadata id="metadata5">
    <rdf:RDF>
      <cc:Work rdf:about="">
        <dc:format>image/svg+xml</dc:format>
        <dc:type rdf:resource="http://purl.org/dc/dcmitype/StillImage" />
        <dc:title>Marea baja · 潮</dc:title>
        <dc:rights><cc:Agent><dc:title>2020 Somebody</dc:title></cc:Agent></dc:rights>
      </cc:Work>
    </rdf:RDF>
  </svg:metadata>
  <svg:style><![CDATA[ rect { fill: #048 } ]]></svg:style>
  <svg:rect width="40" height="30" />
</svg:svg>
''')
write("doc-plain.html", '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Marea baja · 潮</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "WebPage", "name": "Tide"}</script>
<style>body { background: #fc0 }</style>
</head>
<body>
<p>Recorded in Lima &amp; elsewhere.
<footer>© 2020 Somebody</footer>
</body>
</html>
''')
write("doc-implied.html", "<!doctype html>\n<title>Tide</title>\n<p>Low tide.\n")
write("doc-strict.html", '''<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Tide</title></head><body><p>Low tide.</p></body></html>
''')

container = '<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
page = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Tide</title></head><body><h1>Tide</h1><p>Low tide.</p></body></html>'
nav = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>Contents</title></head><body><nav epub:type="toc"><ol><li><a href="page.xhtml">Tide</a></li></ol></nav></body></html>'
page2 = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>Tide</title></head><body><h1>Tide</h1><p>Low tide.</p></body></html>'
ncx = '<?xml version="1.0" encoding="utf-8"?>\n<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="en"><head><meta name="dtb:uid" content="urn:uuid:12345678-1234-1234-1234-123456789abc"/><meta name="dtb:depth" content="1"/><meta name="dtb:totalPageCount" content="0"/><meta name="dtb:maxPageNumber" content="0"/></head><docTitle><text>Tide</text></docTitle><navMap><navPoint id="p" playOrder="1"><navLabel><text>Tide</text></navLabel><content src="page.xhtml"/></navPoint></navMap></ncx>'
opf3 = '''<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"%s>
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:12345678-1234-1234-1234-123456789abc</dc:identifier>
    <dc:title>Marea baja · 潮</dc:title>
    <dc:language>en</dc:language>%s
    <meta property="dcterms:modified">2020-01-01T00:00:00Z</meta>
  </metadata>
  <manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/><item id="p" href="page.xhtml" media-type="application/xhtml+xml"/></manifest>
  <spine><itemref idref="p"/></spine>
</package>
'''
opf2 = '''<?xml version="1.0" encoding="utf-8"?>
<opf:package xmlns:opf="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id">
  <opf:metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id" opf:scheme="UUID">urn:uuid:12345678-1234-1234-1234-123456789abc</dc:identifier>
    <dc:title>Marea baja · 潮</dc:title>
    <dc:language>en</dc:language>
    <dc:rights>2020 Somebody</dc:rights>
    <opf:meta name="calibre:rating" content="4"/>
  </opf:metadata>
  <opf:manifest><opf:item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/><opf:item id="p" href="page.xhtml" media-type="application/xhtml+xml"/></opf:manifest>
  <opf:spine toc="ncx"><opf:itemref idref="p"/></opf:spine>
</opf:package>
'''
def book(name, files):
    with zipfile.ZipFile(name, "w") as z:
        z.comment = b"Recorded in Lima"
        for path, text in [("mimetype", "application/epub+zip"), ("META-INF/container.xml", container)] + files:
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if path == "mimetype" else zipfile.ZIP_DEFLATED
            z.writestr(info, text)

book("doc-three.epub", [("OEBPS/content.opf", opf3 % ("", "")), ("OEBPS/nav.xhtml", nav), ("OEBPS/page.xhtml", page)])
book("doc-prefixed.epub", [("OEBPS/nav.xhtml", nav), ("OEBPS/page.xhtml", page), ("OEBPS/content.opf", opf3 % (' prefix="ibooks: http://vocabulary.itunes.apple.com/rdf/ibooks/vocabulary-extensions-1.0/"', '\n    <dc:rights>2020 Somebody</dc:rights>'))])
book("doc-two.epub", [("OEBPS/content.opf", opf2), ("OEBPS/toc.ncx", ncx), ("OEBPS/page.xhtml", page2)])
