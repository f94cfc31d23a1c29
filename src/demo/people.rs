//! Who buys: shops that come again and again, most of them at home, and what they took lately.

use std::collections::VecDeque;

use super::dice::Dice;

/// What a customer remembers of purchases, to bring some back.
const MEMORY: usize = 12;

#[derive(Debug, Clone)]
pub struct Bought {
    pub item: usize,
    pub quantity: u64,
    /// Pence.
    pub price: u64,
}

#[derive(Debug, Clone)]
pub struct Person {
    pub id: u64,
    pub country: &'static str,
    /// A second country that some rows carry.
    pub elsewhere: Option<&'static str>,
    /// Typical lines of an order.
    pub lines: u64,
    /// Typical packs of a line.
    pub packs: u64,
    pub lately: VecDeque<Bought>,
}

impl Person {
    pub fn remember(&mut self, bought: Bought) {
        if self.lately.len() == MEMORY {
            self.lately.pop_front();
        }
        self.lately.push_back(bought);
    }
}

pub const HOME: &str = "United Kingdom";

/// As the file names them: some are no country's usual name, two are no country.
const ABROAD: [&str; 16] = [
    "Germany",
    "France",
    "EIRE",
    "Spain",
    "Netherlands",
    "Belgium",
    "Switzerland",
    "Portugal",
    "Norway",
    "Channel Islands",
    "USA",
    "RSA",
    "Japan",
    "Czech Republic",
    "European Community",
    "Unspecified",
];

pub fn people(dice: &mut Dice, count: usize) -> Vec<Person> {
    let mut id = 12_000;
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        id += dice.between(1, 9);
        let country = if dice.permille(860) { HOME } else { *dice.pick(&ABROAD) };
        let elsewhere = dice.permille(15).then(|| *dice.pick(&ABROAD));
        let wholesale = dice.permille(60);
        let lines = dice.between(3, 30) + if wholesale { 20 } else { 0 };
        let packs = if wholesale { dice.between(4, 20) } else { dice.between(1, 3) };
        people.push(Person { id, country, elsewhere, lines, packs, lately: VecDeque::new() });
    }
    people
}
