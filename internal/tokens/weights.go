package tokens

// The costs below were fitted, by least squares with under-estimates counting
// four times, to the counts of the tokenizers of Llama 3, Qwen 3 and DeepSeek V3
// (for each text, the highest of the three) on support conversations, tool
// results, policies and schemas in English, and on the Universal Declaration of
// Human Rights and the messages of a shop's user interface in fifty languages;
// then smoothed and rounded.

// unit is one token.
const unit = 100

const (
	costIndent            = 15  // two or more spaces
	costLine              = 100 // line ends with what is white around them
	costSpaceBeforeNumber = 125 // the only place where a single space is a token
	costDigit             = 100 // Qwen: one token each; the others take three at once
	costPunctuation       = 93
	costJoint             = 35 // one character right before a word, like the dot of "a.b"
	costPunctuationRun    = 118
	costLongPunctuation   = 36 // each character beyond the fourth
	costCapitals          = 30 // a word in capitals, and
	costCapital           = 57 // each of its letters but the first
	costGlued             = 32 // a word right behind another word or a number
	costEnglishRest       = 65 // each letter of a word beyond the longest
	costForeignRest       = 40
)

// longest is the length of the longest words that the tables tell apart.
const longest = 16

// englishWord and foreignWord are the costs of a word by its number of letters.
// Long "English" words are mostly identifiers that no vocabulary holds.
var (
	englishWord = [longest + 1]int{0, 87, 96, 96, 98, 98, 98, 98, 98, 115, 120, 160, 177, 230, 300, 400, 500}
	foreignWord = [longest + 1]int{0, 50, 67, 85, 138, 199, 224, 230, 260, 350, 365, 390, 400, 420, 450, 480, 540}
)

// settlement is how many words are judged together.
const settlement = 32

// onlyEnglish reports whether a word, packed into its bytes, is one of the
// frequent words that English does not share with other large languages.
func onlyEnglish(packed uint32) bool {
	switch packed {
	case 't'<<16 | 'h'<<8 | 'e',
		'a'<<16 | 'n'<<8 | 'd',
		't'<<8 | 'o',
		'o'<<8 | 'f',
		'y'<<16 | 'o'<<8 | 'u',
		'y'<<24 | 'o'<<16 | 'u'<<8 | 'r',
		't'<<24 | 'h'<<16 | 'i'<<8 | 's',
		't'<<24 | 'h'<<16 | 'a'<<8 | 't',
		'w'<<24 | 'i'<<16 | 't'<<8 | 'h',
		'h'<<24 | 'a'<<16 | 'v'<<8 | 'e',
		'a'<<16 | 'r'<<8 | 'e',
		'n'<<16 | 'o'<<8 | 't',
		'i'<<8 | 't',
		'm'<<8 | 'y',
		'b'<<8 | 'e':
		return true
	}
	return false
}

// latinLetter returns what the character at i costs in addition to its word if
// it is a Latin letter beyond ASCII, or an accent that combines with the letter
// before it, and its size in bytes. If it is neither, the size is 0.
func latinLetter(text string, i int) (cost, size int) {
	first := text[i]
	if first < 0xC3 || first > 0xE1 {
		return 0, 0
	}
	switch {
	case first <= 0xCB:
		return 102, 2
	case first == 0xCC || first == 0xCD && second(text, i) < 0xB0:
		return 137, 2
	case first == 0xE1 && 0xB8 <= second(text, i) && second(text, i) <= 0xBB: // Vietnamese
		return 90, 3
	default:
		return 0, 0
	}
}

// script is what the characters of a writing system cost: each of them, and
// each word in addition where there are spaces between words.
type script struct {
	character, begin int
	symbol           bool
}

var (
	symbols     = script{character: 143, symbol: true}
	dashes      = script{character: 120, symbol: true} // and quotation marks
	signs       = script{character: 200, symbol: true}
	emoji       = script{character: 254, symbol: true}
	wide        = script{character: 50, symbol: true} // the punctuation of Chinese and Japanese
	greek       = script{character: 92, begin: 48}
	cyrillic    = script{character: 20, begin: 121}
	cyrillicExt = script{character: 220, begin: 121} // letters that Russian does not have
	armenian    = script{character: 187, begin: 87}
	hebrew      = script{character: 109, begin: 44}
	arabic      = script{character: 29, begin: 87}
	arabicExt   = script{character: 143, begin: 87} // letters of Persian and Urdu
	devanagari  = script{character: 98, begin: 71}
	bengali     = script{character: 141}
	indic       = script{character: 200}
	tamil       = script{character: 155}
	thai        = script{character: 60}
	georgian    = script{character: 212}
	khmer       = script{character: 170}
	ethiopic    = script{character: 297}
	han         = script{character: 92}
	kana        = script{character: 72}
	hangul      = script{character: 90}
	unknown     = script{character: 200}
	rare        = script{character: 300}
)

// scriptOf returns the writing system of the character that begins with these
// two bytes, and the character's size in bytes.
func scriptOf(first, second byte) (*script, int) {
	switch {
	case first < 0xC2 || first > 0xF4: // not UTF-8
		return &symbols, 1
	case first == 0xC2:
		return &symbols, 2
	case first <= 0xCF:
		return &greek, 2
	case first <= 0xD1 && (first == 0xD0 || second < 0x90):
		return &cyrillic, 2
	case first <= 0xD3:
		return &cyrillicExt, 2
	case first <= 0xD5:
		return &armenian, 2
	case first <= 0xD7:
		return &hebrew, 2
	case first <= 0xD9:
		return &arabic, 2
	case first <= 0xDB:
		return &arabicExt, 2
	case first <= 0xDF:
		return &unknown, 2
	case first == 0xE0:
		return southAsian(second), 3
	case first == 0xE1:
		switch {
		case second <= 0x83: // Burmese too
			return &georgian, 3
		case second <= 0x87:
			return &hangul, 3
		case second <= 0x8E:
			return &ethiopic, 3
		case second == 0x9E || second == 0x9F:
			return &khmer, 3
		case second >= 0xBC:
			return &greek, 3
		}
		return &rare, 3
	case first == 0xE2 && second <= 0x82:
		return &dashes, 3
	case first == 0xE2:
		return &signs, 3
	case first == 0xE3 && second == 0x80:
		return &wide, 3
	case first == 0xE3 && second <= 0x83:
		return &kana, 3
	case first <= 0xE9:
		return &han, 3
	case first <= 0xED:
		return &hangul, 3
	case first == 0xEF && (second == 0xBC || second == 0xBD):
		return &wide, 3
	case first <= 0xEF:
		return &signs, 3
	case first == 0xF0 && second == 0x9F:
		return &emoji, 4
	default:
		return &rare, 4
	}
}

func southAsian(second byte) *script {
	switch {
	case second <= 0xA5:
		return &devanagari
	case second <= 0xA7:
		return &bengali
	case second == 0xAE || second == 0xAF:
		return &tamil
	case second == 0xB8 || second == 0xB9:
		return &thai
	default:
		return &indic
	}
}
