package render

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// asNumber is what Liquid calculates with: a text counts as the number it starts with, everything else as 0.
func asNumber(v Value) Value {
	switch v.kind {
	case IntValue, FloatValue:
		return v
	case StringValue:
		if trimmed := strings.Trim(v.text, rubySpace); isDecimal(trimmed) {
			f, _ := strconv.ParseFloat(trimmed, 64)
			return Float(f)
		}
		return leadingInt(v.text)
	}
	return Int(0)
}

// rubySpace is what Ruby's strip takes for white space.
const rubySpace = " \t\n\v\f\r\x00"

// isDecimal matches -?\d+\.\d+.
func isDecimal(s string) bool {
	whole, fraction, ok := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return ok && isDigits(whole) && isDigits(fraction)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// leadingInt is Ruby's to_i: the digits a text starts with, underscores between them ignored. What does not fit is a float.
func leadingInt(s string) Value {
	s = strings.TrimLeft(s, rubySpace)
	var digits []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
			continue
		case i == 0 && (c == '-' || c == '+'):
			digits = append(digits, c)
			continue
		case c == '_' && i > 0 && i+1 < len(s) && isDigits(s[i-1:i]) && isDigits(s[i+1:i+2]):
			continue
		}
		break
	}
	if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
		return Int(n)
	}
	f, _ := strconv.ParseFloat(string(digits), 64)
	if f == 0 {
		return Int(0)
	}
	return Float(f)
}

// clampedInt is a number as an int64: a fraction is cut off, and what is too large becomes the largest.
func (v Value) clampedInt() int64 {
	switch f := v.asFloat(); {
	case v.kind == IntValue:
		return v.int()
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	default:
		return int64(f)
	}
}

// integer is an argument that has to be a whole number, or a text that is one.
func (m *machine) integer(v Value) int64 {
	switch v.kind {
	case IntValue:
		return v.int()
	case FloatValue: // a float of that size stands for a whole number that does not fit an int64; so it may in what mail calculates with it
		if math.Abs(v.float()) >= math.MaxInt64 || m.envelope != nil {
			return v.clampedInt()
		}
	case StringValue:
		if n, err := strconv.ParseInt(strings.Trim(v.text, rubySpace), 0, 64); err == nil {
			return n
		} else if number := leadingInt(v.text); number.kind == FloatValue && isDigits(strings.Trim(v.text, "+-"+rubySpace)) {
			return number.clampedInt()
		}
	}
	m.fail("%.40q is not a whole number", m.str(v))
	return 0
}

// looseInteger is Ruby's to_i: whatever is no number counts as 0, but true, lists and maps are refused.
func (m *machine) looseInteger(v Value) int64 {
	switch v.kind {
	case NilValue, EmptyValue, BlankValue:
		return 0
	case IntValue, FloatValue:
		return v.clampedInt()
	case StringValue:
		return leadingInt(v.text).clampedInt()
	}
	m.fail("%.40q is not a whole number", m.str(v))
	return 0
}

// decimal calculates with decimal fractions, as Ruby's BigDecimal does: 0.1 + 0.2 is 0.3.
func decimal(v, w Value, calculate func(z, x, y *big.Rat)) Value {
	x, y := v.rational(), w.rational()
	if x == nil || y == nil {
		return Float(math.NaN())
	}
	z := new(big.Rat)
	calculate(z, x, y)
	return fromRational(z)
}

// rational is a number as an exact fraction of its shortest decimal notation; nil for NaN and infinities.
func (v Value) rational() *big.Rat {
	if v.kind == IntValue {
		return new(big.Rat).SetInt64(v.int())
	}
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(v.float(), 'g', -1, 64))
	return r
}

func fromRational(r *big.Rat) Value {
	f, _ := r.Float64()
	return Float(f)
}

func add(v, w Value) Value {
	if v.kind == IntValue && w.kind == IntValue {
		a, b := v.int(), w.int()
		if sum := a + b; (sum > a) == (b > 0) {
			return Int(sum)
		}
	}
	return decimal(v, w, func(z, x, y *big.Rat) { z.Add(x, y) })
}

func plusFilter(_ *machine, in Value, arguments []Value) Value {
	return add(asNumber(in), asNumber(arguments[0]))
}

func minusFilter(_ *machine, in Value, arguments []Value) Value {
	v, w := asNumber(in), asNumber(arguments[0])
	if v.kind == IntValue && w.kind == IntValue {
		a, b := v.int(), w.int()
		if difference := a - b; (difference < a) == (b > 0) {
			return Int(difference)
		}
	}
	return decimal(v, w, func(z, x, y *big.Rat) { z.Sub(x, y) })
}

func timesFilter(_ *machine, in Value, arguments []Value) Value {
	v, w := asNumber(in), asNumber(arguments[0])
	if v.kind == IntValue && w.kind == IntValue {
		a, b := v.int(), w.int()
		if a == 0 || b == 0 {
			return Int(0)
		}
		if product := a * b; product/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64) {
			return Int(product)
		}
	}
	return decimal(v, w, func(z, x, y *big.Rat) { z.Mul(x, y) })
}

func dividedByFilter(m *machine, in Value, arguments []Value) Value {
	v, w := asNumber(in), asNumber(arguments[0])
	if w.asFloat() == 0 {
		return m.fail("%s is divided by 0", v.str())
	}
	if v.kind == IntValue && w.kind == IntValue && !(v.int() == math.MinInt64 && w.int() == -1) {
		quotient, _ := floorDivide(v.int(), w.int())
		return Int(quotient)
	}
	return decimal(v, w, func(z, x, y *big.Rat) { z.Quo(x, y) })
}

func moduloFilter(m *machine, in Value, arguments []Value) Value {
	v, w := asNumber(in), asNumber(arguments[0])
	if w.asFloat() == 0 {
		return m.fail("%s modulo 0 does not exist", v.str())
	}
	if v.kind == IntValue && w.kind == IntValue {
		_, rest := floorDivide(v.int(), w.int())
		return Int(rest)
	}
	return decimal(v, w, func(z, x, y *big.Rat) {
		z.Quo(x, y)
		z.Sub(x, z.Mul(y, new(big.Rat).SetInt(floor(z))))
	})
}

// floorDivide rounds towards negative infinity, as Ruby does.
func floorDivide(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest != 0 && (rest < 0) != (b < 0) {
		return quotient - 1, rest + b
	}
	return quotient, rest
}

// floor is the largest whole number not above r. big.Int's Div is Euclidean, which is the same for a positive denominator.
func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

func absFilter(_ *machine, in Value, _ []Value) Value {
	v := asNumber(in)
	switch {
	case v.kind == FloatValue:
		return Float(math.Abs(v.float()))
	case v.int() == math.MinInt64:
		return Float(-float64(math.MinInt64))
	case v.int() < 0:
		return Int(-v.int())
	}
	return v
}

func atLeastFilter(_ *machine, in Value, arguments []Value) Value {
	v, least := asNumber(in), asNumber(arguments[0])
	if compareNumbers(least, v) > 0 {
		return least
	}
	return v
}

func atMostFilter(_ *machine, in Value, arguments []Value) Value {
	v, most := asNumber(in), asNumber(arguments[0])
	if compareNumbers(most, v) < 0 {
		return most
	}
	return v
}

func ceilFilter(_ *machine, in Value, _ []Value) Value {
	v := asNumber(in)
	if v.kind == IntValue {
		return v
	}
	return wholeNumber(math.Ceil(v.float()))
}

func floorFilter(_ *machine, in Value, _ []Value) Value {
	v := asNumber(in)
	if v.kind == IntValue {
		return v
	}
	return wholeNumber(math.Floor(v.float()))
}

// wholeNumber is a float without a fraction as an int, if it fits one.
func wholeNumber(f float64) Value {
	if math.Abs(f) < math.MaxInt64 {
		return Int(int64(f))
	}
	return Float(f)
}

const maxPlaces = 400 // more decimal places than a float has

// roundFilter rounds half away from zero, to a number of decimal places; without one, or with less than one, to an int.
func roundFilter(_ *machine, in Value, arguments []Value) Value {
	v := asNumber(in)
	places := asNumber(argument(arguments, 0)).clampedInt()
	r := v.rational()
	switch {
	case r == nil || places > maxPlaces || v.kind == IntValue && places >= 0:
		return v
	case places < -maxPlaces:
		return Int(0)
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(places, -places)), nil))
	if places < 0 {
		scale.Inv(scale)
	}
	half := big.NewRat(int64(r.Sign()), 2)
	r.Add(r.Mul(r, scale), half)
	whole := new(big.Int).Quo(r.Num(), r.Denom())
	r.Quo(new(big.Rat).SetInt(whole), scale)
	if places > 0 {
		return fromRational(r)
	}
	f, _ := r.Float64()
	if r.IsInt() && r.Num().IsInt64() {
		return Int(r.Num().Int64())
	}
	return Float(f)
}

// pluralizeFilter chooses a word by a number: {{ n | pluralize: "day", "days" }}.
func pluralizeFilter(_ *machine, in Value, arguments []Value) Value {
	if compareNumbers(asNumber(in), Int(1)) == 0 {
		return arguments[0]
	}
	return arguments[1]
}
