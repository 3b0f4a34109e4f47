package templates

import (
	"fmt"
	"math"
	"strconv"
)

// colour is an sRGB colour.
type colour struct{ r, g, b uint8 }

var (
	black = colour{0, 0, 0}
	white = colour{255, 255, 255}
)

// parseColour reads #rgb and #rrggbb.
func parseColour(s string) (colour, bool) {
	if len(s) == 4 && s[0] == '#' {
		s = "#" + s[1:2] + s[1:2] + s[2:3] + s[2:3] + s[3:] + s[3:]
	}
	if len(s) != 7 || s[0] != '#' {
		return colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is WCAG 2.2's relative luminance, from 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is WCAG 2.2's contrast ratio, from 1 to 21.
func contrast(a, b colour) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// Contrast is WCAG 2.2's contrast ratio of two colours, from 1 to 21; ok says that both are written as #rgb or #rrggbb.
func Contrast(a, b string) (ratio float64, ok bool) {
	first, one := parseColour(a)
	second, two := parseColour(b)
	return contrast(first, second), one && two
}

// towards mixes a share of another colour, 0 to 1, into c.
func (c colour) towards(other colour, share float64) colour {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*share)) }
	return colour{mix(c.r, other.r), mix(c.g, other.g), mix(c.b, other.b)}
}

// readable darkens or lightens c as little as it needs to stand out from every background by a ratio. Where the backgrounds leave
// no such colour it is black or white.
func (c colour) readable(ratio float64, backgrounds ...colour) colour {
	end := black
	if contrast(white, backgrounds[0]) > contrast(black, backgrounds[0]) {
		end = white
	}
	for step := range 100 {
		mixed, enough := c.towards(end, float64(step)/100), true
		for _, background := range backgrounds {
			enough = enough && contrast(mixed, background) >= ratio
		}
		if enough {
			return mixed
		}
	}
	return end
}

// insteadOf is c where it stands out from a background at least somewhat, and otherwise the one of two colours that does; all are
// made readable.
func (c colour) insteadOf(ratio float64, background, dark, light colour) colour {
	switch {
	case contrast(c, background) >= readableShape:
		return c.readable(ratio, background)
	case contrast(dark, background) > contrast(light, background):
		return dark.readable(ratio, background)
	}
	return light.readable(ratio, background)
}

// textOn is the colour of text on c: white if it can be read, else nearly black.
func (c colour) textOn() colour {
	if contrast(white, c) >= readableText {
		return white
	}
	return colour{0x11, 0x14, 0x1a}.readable(readableText, c)
}

// Contrast with what is behind, by WCAG 2.2's criteria 1.4.3, 1.4.6 and 1.4.11. A button is told by its label, so its colour stays
// the brand's unless nobody could see it.
const (
	readableText  = 4.5
	readableBody  = 7
	readableShape = 3
	visibleShape  = 1.4
)
