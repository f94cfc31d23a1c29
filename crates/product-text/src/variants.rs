//! Differences that make two products with nearly one name different ones: numbers, measures, pack
//! counts, sizes and colours.

use crate::folding::{fold, split_words};
use crate::ngrams::NAME_CHARS;

/// Colours in the languages of many catalogues, each with its English name.
const COLOURS: &[(&str, &[&str])] = &[
    ("amber", &["amber", "bernstein"]),
    ("beige", &["beige"]),
    ("black", &["black", "blk", "schwarz", "noir", "noire", "negro", "negra", "nero"]),
    ("blue", &["blue", "blau", "bleu", "bleue", "azul", "blu"]),
    ("brown", &["brown", "braun", "marron", "brun", "marrone"]),
    ("clear", &["clear", "transparent", "klar"]),
    ("copper", &["copper", "kupfer"]),
    ("cream", &["cream", "creme"]),
    ("gold", &["gold", "golden", "dore", "oro"]),
    ("green", &["green", "grun", "gruen", "vert", "verte", "verde"]),
    ("grey", &["grey", "gray", "grau", "gris", "grigio"]),
    ("ivory", &["ivory", "elfenbein", "ivoire"]),
    ("lilac", &["lilac", "lila"]),
    ("mint", &["mint"]),
    ("multi", &["multi", "multicolour", "multicolor", "bunt"]),
    ("navy", &["navy"]),
    ("orange", &["orange", "naranja"]),
    ("pink", &["pink", "rosa"]),
    ("purple", &["purple", "violett", "violet", "morado", "viola"]),
    ("red", &["red", "rot", "rouge", "rojo", "roja", "rosso"]),
    ("silver", &["silver", "silber", "argent", "plata"]),
    ("teal", &["teal"]),
    ("turquoise", &["turquoise", "turq", "turkis", "tuerkis"]),
    ("white", &["white", "wht", "weiss", "blanc", "blanche", "blanco", "bianco"]),
    ("yellow", &["yellow", "gelb", "jaune", "amarillo", "giallo"]),
];

const SIZES: &[(&str, &[&str])] = &[
    ("mini", &["mini", "tiny", "xs"]),
    ("small", &["small", "sml", "klein", "kleine", "petit", "petite", "little"]),
    ("medium", &["medium", "med", "mittel", "moyen"]),
    ("large", &["large", "lge", "lrg", "big", "gross", "grosse", "grand", "grande"]),
    ("giant", &["giant", "jumbo", "huge", "xxl", "riesig"]),
    ("extra large", &["xl"]),
    ("tall", &["tall"]),
    ("short", &["short"]),
];

/// Units with their dimension and how many smallest ones they are: micrometres, microlitres, milligrams, milliwatts, millivolts.
const UNITS: &[(&str, char, u64)] = &[
    ("mm", 'L', 1_000),
    ("cm", 'L', 10_000),
    ("cms", 'L', 10_000),
    ("m", 'L', 1_000_000),
    ("inch", 'L', 25_400),
    ("inches", 'L', 25_400),
    ("in", 'L', 25_400),
    ("ft", 'L', 304_800),
    ("ml", 'V', 1_000),
    ("cl", 'V', 10_000),
    ("l", 'V', 1_000_000),
    ("ltr", 'V', 1_000_000),
    ("litre", 'V', 1_000_000),
    ("liter", 'V', 1_000_000),
    ("mg", 'M', 1),
    ("g", 'M', 1_000),
    ("gr", 'M', 1_000),
    ("kg", 'M', 1_000_000),
    ("oz", 'M', 28_350),
    ("lb", 'M', 453_592),
    ("w", 'W', 1_000),
    ("watt", 'W', 1_000),
    ("v", 'E', 1_000),
    ("volt", 'E', 1_000),
];

const NUMERALS: [&str; 12] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Words that mean several pieces, or nothing.
const FILLERS: &[&str] = &[
    "set", "pack", "pk", "pkt", "pc", "pcs", "piece", "pieces", "packet", "of", "the", "a", "an", "and", "with", "w", "in",
    "for", "s", "x", "stuck", "er", "der", "die", "das", "und", "mit", "de", "la", "le", "et", "avec",
];

/// Words after which a single letter distinguishes variants.
const LETTER_WORDS: &[&str] = &["letter", "size", "type", "buchstabe", "grosse", "typ", "lettre", "taille"];

/// Respect in which two products differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// A length, volume, weight, power or voltage.
    Measure,
    /// A pack count, a code, or any other number.
    Number,
    Size,
    Colour,
}

/// The parts of a name that tell one variant from another, each list sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variant {
    measures: Vec<(char, u64)>,
    numbers: Vec<String>,
    sizes: Vec<&'static str>,
    colours: Vec<&'static str>,
}

/// A name taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub variant: Variant,
    /// The other words in their order, without fillers; only the fillers if the name has no other
    /// words.
    pub words: Vec<String>,
}

impl Variant {
    /// The first respect in which they differ; `None` if they are one variant.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let differs = [
            (self.measures != other.measures, Difference::Measure),
            (self.numbers != other.numbers, Difference::Number),
            (self.sizes != other.sizes, Difference::Size),
            (self.colours != other.colours, Difference::Colour),
        ];
        differs.into_iter().find(|(differs, _)| *differs).map(|(_, difference)| difference)
    }

    /// Whether it has anything that a rule compares.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Other(char),
    Space,
}

fn tokenize(folded: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let digits = |text: &str| text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let length = if first.is_ascii_digit() {
            let whole = digits(rest);
            let fraction = rest.get(whole..).and_then(|after| after.strip_prefix(['.', ','])).map_or(0, digits);
            if fraction > 0 { whole + 1 + fraction } else { whole }
        } else if first.is_alphanumeric() {
            rest.find(|character: char| !character.is_alphanumeric() || character.is_ascii_digit()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (text, after) = rest.split_at(length);
        found.push(match first {
            _ if first.is_ascii_digit() => Token::Number(text),
            _ if first.is_alphanumeric() => Token::Word(text),
            _ if first.is_whitespace() => Token::Space,
            _ => Token::Other(first),
        });
        rest = after;
    }
    found
}

/// A number without leading and trailing zeros, with a point.
fn normalize_number(number: &str) -> String {
    let number = number.replace(',', ".");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn unit_of(word: &str) -> Option<(char, u64)> {
    UNITS.iter().find(|(unit, _, _)| *unit == word).map(|(_, dimension, smallest)| (*dimension, *smallest))
}

fn parse_measure(number: &str, (dimension, smallest): (char, u64)) -> Option<(char, u64)> {
    let value: f64 = normalize_number(number).parse().ok()?;
    let sum = value * smallest as f64;
    (sum < 1e15).then_some((dimension, sum.round() as u64))
}

/// The unit of a number: directly after it, after a space, or after the last number of
/// `25x24x12cm`.
fn unit_after(tokens: &[Token<'_>], index: usize) -> Option<(char, u64)> {
    let mut cursor = index + 1;
    while matches!(tokens.get(cursor), Some(Token::Space)) {
        cursor += 1;
    }
    match tokens.get(cursor)? {
        Token::Word("x") | Token::Other('×' | '*') => {
            let mut next = cursor + 1;
            while matches!(tokens.get(next), Some(Token::Space)) {
                next += 1;
            }
            matches!(tokens.get(next), Some(Token::Number(_))).then(|| unit_after(tokens, next)).flatten()
        }
        Token::Other('"') => unit_of("inch"),
        // "in" behind a space is a word: "6 in a box".
        Token::Word("in") if cursor > index + 1 => None,
        Token::Word(word) => unit_of(word),
        _ => None,
    }
}

/// Letters directly beside a number that are no unit: `a6`, `50s`, `b2b`.
fn code_around(tokens: &[Token<'_>], index: usize, number: &str) -> Option<String> {
    let word = |token: Option<&Token<'_>>| match token {
        Some(Token::Word(word)) if !matches!(*word, "x" | "of" | "er" | "pc" | "pcs" | "pk" | "pack" | "piece" | "set") => {
            Some((*word).to_owned())
        }
        _ => None,
    };
    let before = index.checked_sub(1).and_then(|before| word(tokens.get(before)));
    let after = word(tokens.get(index + 1));
    (before.is_some() || after.is_some())
        .then(|| format!("{}{}{}", before.unwrap_or_default(), normalize_number(number), after.unwrap_or_default()))
}

fn english_name(list: &[(&'static str, &[&str])], word: &str) -> Option<&'static str> {
    list.iter().find(|(_, spellings)| spellings.contains(&word)).map(|(name, _)| *name)
}

impl Parts {
    pub fn of(name: &str) -> Self {
        let folded = fold(name, NAME_CHARS);
        let tokens = tokenize(&folded);
        let mut parts = Self::default();
        let mut units = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let Token::Number(number) = token else { continue };
            if let Some(unit) = unit_after(&tokens, index) {
                parts.variant.measures.extend(parse_measure(number, unit));
                units.extend([index + 1, index + 2]);
            } else if let Some(code) = code_around(&tokens, index, number) {
                parts.variant.numbers.push(code);
                units.extend([index.wrapping_sub(1), index + 1]);
            } else {
                parts.variant.numbers.push(normalize_number(number));
            }
        }
        let mut previous = "";
        for (index, token) in tokens.iter().enumerate() {
            if let Token::Word(run) = token {
                let is_unit = units.contains(&index) && (unit_of(run).is_some() || run.chars().count() <= 3);
                if !is_unit && LETTER_WORDS.contains(&previous) && run.chars().count() == 1 {
                    parts.variant.numbers.push((*run).to_owned());
                } else if !is_unit {
                    split_words(run).into_iter().for_each(|word| parts.add(word));
                }
                previous = run;
            }
        }
        if folded.ends_with(" s") {
            parts.variant.sizes.push("small");
        }
        parts.extract_final_size();
        if parts.words.is_empty() {
            parts.words = split_words(&folded).into_iter().filter(|word| FILLERS.contains(word)).map(ToOwned::to_owned).collect();
        }
        let Variant { measures, numbers, sizes, colours } = &mut parts.variant;
        measures.sort_unstable();
        numbers.sort_unstable();
        sizes.sort_unstable();
        colours.sort_unstable();
        parts
    }

    /// A size at the end of a name: `T-shirt L`.
    fn extract_final_size(&mut self) {
        let size = match self.words.last().map(String::as_str) {
            Some("m") => "medium",
            Some("l") => "large",
            _ => return,
        };
        self.words.pop();
        self.variant.sizes.push(size);
    }

    fn add(&mut self, word: &str) {
        if let Some(colour) = english_name(COLOURS, word) {
            self.variant.colours.push(colour);
        } else if let Some(size) = english_name(SIZES, word) {
            self.variant.sizes.push(size);
        } else if let Some(numeral) = NUMERALS.iter().position(|numeral| *numeral == word) {
            self.variant.numbers.push((numeral + 1).to_string());
        } else if !FILLERS.contains(&word) {
            self.words.push(word.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(one: &str, other: &str) -> Option<Difference> {
        Parts::of(one).variant.difference(&Parts::of(other).variant)
    }

    #[test]
    fn sizes_colours_packs_and_numbers_make_products_different() {
        for (one, other, expected) in [
            ("Mug 12cm", "Mug 14cm", Difference::Measure),
            ("Oil 500 ml", "Oil 0.75 l", Difference::Measure),
            ("GIFT BAG 25x24x12cm", "GIFT BAG 25x24x14cm", Difference::Measure),
            ("Mug", "Mug 12 cm", Difference::Measure),
            ("Plates, set of 6", "Plates, set of 12", Difference::Number),
            ("S/4 BOWLS", "S/6 BOWLS", Difference::Number),
            ("SET OF THREE TINS", "SET OF FOUR TINS", Difference::Number),
            ("NOTEBOOK A6", "NOTEBOOK A5", Difference::Number),
            ("NUMBER TILE 8", "NUMBER TILE 5", Difference::Number),
            ("50'S CARD", "60'S CARD", Difference::Number),
            ("Box small", "Box LARGE", Difference::Size),
            ("T-shirt S", "T-shirt L", Difference::Size),
            ("Box of 50 pegs", "Box of 36 pegs", Difference::Number),
            ("LETTER \"C\" KEY RING", "LETTER A KEY RING", Difference::Number),
            ("Red mug", "Blue mug", Difference::Colour),
            ("Tasse rot", "Tasse grün", Difference::Colour),
        ] {
            assert_eq!(difference(one, other), Some(expected), "{one} / {other}");
        }
    }

    #[test]
    fn one_size_in_other_words_is_one_size() {
        for (one, other) in [
            ("Mug 12cm", "MUG 120 MM"),
            ("Oil 0,5 l", "Oil 500ML"),
            ("S/4 BOWLS", "Set of 4 bowls"),
            ("SET OF3 TINS", "set of three tins"),
            ("Frame 6\"", "Frame 6 inch"),
            ("Grey mug", "Gray mug"),
            ("Box, lge", "Large box"),
            ("PACK OF 6 CUPS", "6 cups"),
        ] {
            assert_eq!(difference(one, other), None, "{one} / {other}");
        }
    }

    #[test]
    fn the_other_words_are_kept_in_their_order() {
        assert_eq!(Parts::of("SET OF 6 RED MUGS 12cm W LID").words, ["mugs", "lid"]);
        assert_eq!(Parts::of("1.5V AA battery").words, ["aa", "battery"]);
        assert_eq!(Parts::of("").words, Vec::<String>::new());
    }
}
