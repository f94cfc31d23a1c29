//! Customers: shops that buy repeatedly, most of them at home, and their recent purchases.

use std::collections::VecDeque;

use super::dice::DemoRng;

/// Recent purchases that a customer remembers, to return some.
const MAX_PURCHASES: usize = 12;

#[derive(Debug, Clone)]
pub struct Purchase {
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
    pub lately: VecDeque<Purchase>,
}

impl Person {
    pub fn record_purchase(&mut self, purchase: Purchase) {
        if self.lately.len() == MAX_PURCHASES {
            self.lately.pop_front();
        }
        self.lately.push_back(purchase);
    }
}

pub const HOME: &str = "United Kingdom";

/// Countries as the file names them: some names are unusual, two are no country.
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

pub fn generate_people(dice: &mut DemoRng, count: usize) -> Vec<Person> {
    let mut id = 12_000;
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        id += dice.between(1, 9);
        let country = if dice.happens_permille(860) { HOME } else { *dice.pick(&ABROAD) };
        let other_country = dice.happens_permille(15).then(|| *dice.pick(&ABROAD));
        let wholesale = dice.happens_permille(60);
        let lines = dice.between(3, 30) + if wholesale { 20 } else { 0 };
        let packs = if wholesale { dice.between(4, 20) } else { dice.between(1, 3) };
        people.push(Person { id, country, elsewhere: other_country, lines, packs, lately: VecDeque::new() });
    }
    people
}
