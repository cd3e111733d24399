package license

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reservations say "all rights reserved", as people put it below their works.
var reservations = foldAll(`
all rights reserved|all right reserved|all rights are reserved|all rights strictly reserved
alle rechte vorbehalten|alle rechte bleiben vorbehalten|alle rechte sind vorbehalten|sämtliche rechte vorbehalten
tous droits réservés|tous les droits réservés|tous les droits sont réservés|tous droits de reproduction réservés
todos los derechos reservados|reservados todos los derechos|todos los derechos están reservados|tots els drets reservats
todos os direitos reservados|todos os direitos são reservados|todos os dereitos reservados
tutti i diritti riservati|tutti i diritti sono riservati|alle rechten voorbehouden
alla rättigheter förbehållna|alla rättigheter reserverade|med ensamrätt|alle rettigheter forbeholdt|alle rettigheter reservert
alle rettigheder forbeholdes|alle rettigheder forbeholdt|kaikki oikeudet pidätetään|öll réttindi áskilin|kõik õigused kaitstud
wszelkie prawa zastrzeżone|wszystkie prawa zastrzeżone|všechna práva vyhrazena|všetky práva vyhradené
minden jog fenntartva|toate drepturile rezervate|toate drepturile sunt rezervate|sva prava pridržana|sva prava zadržana
vse pravice pridržane|visos teisės saugomos|visas tiesības aizsargātas|tüm hakları saklıdır|her hakkı saklıdır
όλα τα δικαιώματα διατηρούνται|με την επιφύλαξη παντός δικαιώματος|με επιφύλαξη παντός δικαιώματος
все права защищены|все права сохранены|все права зарезервированы|всі права захищені|усі права захищені|всі права застережено
всички права запазени|сва права задржана|כל הזכויות שמורות|جميع الحقوق محفوظة|كل الحقوق محفوظة|تمامی حقوق محفوظ
सर्वाधिकार सुरक्षित|สงวนลิขสิทธิ์|mọi quyền được bảo lưu|bảo lưu mọi quyền|hak cipta dilindungi|semua hak dilindungi
無断転載禁止|無断転載を禁|禁無断転載|無断複製禁止|無断転用禁止|禁無断複製|不許複製|すべての権利を留保
版权所有|版權所有|保留所有权利|保留所有權利|保留一切权利|保留一切權利|모든 권리 보유|무단 전재|무단전재|무단복제`)

// denials, right before a reservation, turn it round.
var denials = foldAll(`
not|no|no longer|instead of|rather than|than|without|nicht|nicht mehr|statt|anstatt|anstelle von|pas|au lieu de
en lugar de|en vez de|em vez de|nao|non|invece di|niet|in plaats van|inte|ikke|nie|не|вместо`)

func foldAll(rows string) []string {
	var out []string
	for _, row := range strings.Split(strings.TrimSpace(rows), "\n") {
		for phrase := range strings.SplitSeq(row, "|") {
			out = append(out, foldText(phrase))
		}
	}
	return out
}

// ReservesAll reports whether a text says that all rights are reserved, in English or another language people publish in.
// "Some rights reserved" and "not all rights reserved" do not say so. It reads the first 256 KiB.
func ReservesAll(text string) bool {
	text = foldText(text[:min(len(text), maxText)])
	return slices.ContainsFunc(reservations, func(phrase string) bool { return states(text, phrase) })
}

// states reports whether a folded text holds a phrase, begun as a word of its own and not denied.
func states(text, phrase string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		before := text[:from+i]
		if !insideWord(before, phrase) && !denied(before) {
			return true
		}
		from += i + len(phrase)
	}
}

// insideWord reports whether a phrase goes on with a word: "overall rights reserved". Han and kana know no spaces.
func insideWord(before, phrase string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(phrase)
	return unicode.IsLetter(last) && first < 0x2E80
}

func denied(before string) bool {
	before = strings.TrimRight(before, " \"'“”„«»‘’`()*_-")
	return slices.ContainsFunc(denials, func(word string) bool {
		rest, ok := strings.CutSuffix(before, word)
		last, _ := utf8.DecodeLastRuneInString(rest)
		return ok && !unicode.IsLetter(last)
	})
}
