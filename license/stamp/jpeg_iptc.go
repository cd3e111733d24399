package stamp

import "encoding/binary"

// iptcStatements reads the copyright notice of IPTC-IIM (record 2, dataset 116)
// from Photoshop's image resource 0x0404.
func iptcStatements(irb []byte) []Statement {
	var st []Statement
	for len(irb) >= 12 && string(irb[:4]) == "8BIM" {
		id := binary.BigEndian.Uint16(irb[4:])
		name := (int(irb[6]) + 2) &^ 1 // a counted string, padded to an even length
		if len(irb) < 6+name+4 {
			break
		}
		length := int64(binary.BigEndian.Uint32(irb[6+name:]))
		body := irb[6+name+4:]
		if length > int64(len(body)) {
			break
		}
		if id == 0x0404 {
			st = append(st, iimStatements(body[:length])...)
		}
		irb = body[min((length+1)&^1, int64(len(body))):]
	}
	return st
}

// iimStatements walks datasets: 0x1C, record, dataset, length (IIM §1.6).
func iimStatements(iim []byte) []Statement {
	var st []Statement
	utf8 := false
	for len(iim) >= 5 && iim[0] == 0x1c {
		record, set := iim[1], iim[2]
		length := int(binary.BigEndian.Uint16(iim[3:]))
		if length > len(iim)-5 { // the extended form, above 32 KiB, is none of ours
			break
		}
		value := iim[5 : 5+length]
		switch {
		case record == 1 && set == 90:
			utf8 = string(value) == "\x1b%G"
		case record == 2 && set == 116 && utf8:
			st = append(st, statements("IPTC CopyrightNotice", string(value))...)
		case record == 2 && set == 116:
			st = append(st, statements("IPTC CopyrightNotice", latin1(value))...)
		}
		iim = iim[5+length:]
	}
	return st
}
