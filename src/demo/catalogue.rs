//! Products of the retailer: styles on things, in sizes and colours, with prices that go with them.

use super::dice::DemoRng;

/// Season in which a product sells best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Season {
    Always,
    Summer,
    Winter,
}

#[derive(Debug, Clone)]
pub struct Item {
    pub code: String,
    pub name: String,
    /// Pence for one.
    pub price: u64,
    pub season: Season,
    /// Bought in multiples of this many.
    pub pack: u64,
}

/// Name, price of the middle size in pence, usual multiple, season.
const THINGS: [(&str, u64, u64, Season); 26] = [
    ("MUG", 325, 6, Season::Always),
    ("TEA TOWEL", 495, 4, Season::Always),
    ("CUSHION COVER", 1250, 2, Season::Always),
    ("SCENTED CANDLE", 285, 6, Season::Winter),
    ("LUNCH BAG", 225, 10, Season::Summer),
    ("STORAGE TIN", 595, 4, Season::Always),
    ("PICTURE FRAME", 850, 2, Season::Always),
    ("WALL CLOCK", 1495, 2, Season::Always),
    ("GARDEN LANTERN", 1695, 2, Season::Summer),
    ("APRON", 995, 3, Season::Always),
    ("PARTY BUNTING", 495, 5, Season::Summer),
    ("GIFT WRAP", 42, 25, Season::Winter),
    ("NOTEBOOK", 165, 12, Season::Always),
    ("WATER BOTTLE", 850, 4, Season::Winter),
    ("WALL HOOK", 145, 12, Season::Always),
    ("DOOR MAT", 1795, 2, Season::Always),
    ("CAKE STAND", 2495, 1, Season::Always),
    ("PENCIL SET", 85, 24, Season::Always),
    ("TOY BLOCKS", 745, 4, Season::Winter),
    ("TREE ORNAMENT", 125, 24, Season::Winter),
    ("PICNIC BASKET", 3495, 1, Season::Summer),
    ("SHOPPING BAG", 208, 10, Season::Always),
    ("PLANT POT", 375, 6, Season::Summer),
    ("NAPKINS", 85, 12, Season::Always),
    ("JEWELLERY BOX", 1095, 2, Season::Winter),
    ("JUG", 695, 3, Season::Always),
];

const STYLES: [&str; 22] = [
    "RED SPOT",
    "BLUE STRIPE",
    "VINTAGE ROSE",
    "COUNTRY GARDEN",
    "WOODLAND FOX",
    "NORDIC STAR",
    "SEASIDE",
    "LITTLE BIRD",
    "RETRO KITCHEN",
    "PAISLEY PARK",
    "ROYAL GUARD",
    "STRAWBERRY",
    "OLD MAP",
    "DOLLY",
    "SPACE ROCKET",
    "LONDON BUS",
    "CIRCUS",
    "FAIRY TALE",
    "GINGHAM HEART",
    "SKETCHBOOK",
    "HARVEST",
    "MIDNIGHT",
];

/// Word, percent of the price, letter of the code. Families with a single size or colour have no
/// letter.
const SIZES: [(&str, u64, &str); 3] = [("SMALL", 65, "A"), ("MEDIUM", 100, "B"), ("LARGE", 165, "C")];
const COLOURS: [(&str, u64, &str); 4] = [("IVORY", 100, "W"), ("PINK", 100, "P"), ("GREEN", 100, "G"), ("BLACK", 110, "BL")];

/// About `count` items, the best sellers first.
pub fn generate_items(dice: &mut DemoRng, count: usize) -> Vec<Item> {
    let mut families: Vec<(usize, usize)> = (0..THINGS.len()).flat_map(|t| (0..STYLES.len()).map(move |s| (t, s))).collect();
    shuffle(dice, &mut families);
    let mut items = Vec::with_capacity(count + 4);
    // Other lengths of name and code come from going round again: a new range of codes and a year in the name.
    for (round, (article, style)) in (0..).flat_map(|round| families.iter().map(move |f| (round, *f))) {
        if items.len() >= count {
            break;
        }
        let base = 20_000 + (round * families.len() as u64) + items.len() as u64;
        family(dice, base, round, THINGS[article], STYLES[style], &mut items);
    }
    shuffle(dice, &mut items);
    items
}

fn family(dice: &mut DemoRng, base: u64, round: u64, article: (&str, u64, u64, Season), style: &str, items: &mut Vec<Item>) {
    let (article, middle_price, pack, season) = article;
    let edition = if round == 0 { String::new() } else { format!(" EDITION {}", round + 1) };
    // Within a family prices keep their ratio; between families the same article costs a little
    // more or less.
    let middle_price = (middle_price * dice.between(85, 125)).div_ceil(500) * 5;
    let mut add = |code: String, words: String, percent: u64| {
        let price = (middle_price * percent).div_ceil(100).max(1);
        items.push(Item { code, name: format!("{words}{edition}"), price, season, pack });
    };
    match dice.below(10) {
        0..4 => add(base.to_string(), format!("{style} {article}"), 100),
        4..7 => SIZES
            .iter()
            .for_each(|(word, percent, suffix)| add(format!("{base}{suffix}"), format!("{word} {style} {article}"), *percent)),
        7..9 => COLOURS
            .iter()
            .for_each(|(word, percent, suffix)| add(format!("{base}{suffix}"), format!("{style} {article} {word}"), *percent)),
        // Names as clerks type them: commas, quotes, a number in front.
        _ => {
            add(base.to_string(), format!("{article} , {style} \"SPECIAL\""), 120);
            add(format!("DCGS{:04}", base % 10_000), format!("SET/{pack} {article}, {style}"), 90 * pack);
        }
    }
}

fn shuffle<T>(dice: &mut DemoRng, list: &mut [T]) {
    for index in (1..list.len()).rev() {
        let other = dice.below(index as u64 + 1) as usize;
        list.swap(index, other);
    }
}
