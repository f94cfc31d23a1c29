//! Writes the retailer's documents as rows, with the slips that clerks and tills make in real files.

use std::io::{self, Write};

use jiff::civil::DateTime;

use super::catalogue::{Item, Season};
use super::dice::DemoRng;
use super::people::{HOME, Person, Purchase};

/// Columns of a row, without its invoice, time and buyer.
struct RowTemplate<'a> {
    code: &'a str,
    text: &'a str,
    quantity: i64,
    price: &'a str,
}

/// On whose paper a row is written.
#[derive(Clone, Copy)]
struct InvoiceFields<'a> {
    invoice: &'a str,
    time: DateTime,
    /// The customer's id, empty for guests.
    customer: &'a str,
    country: &'a str,
}

pub struct Clerk<W: Write> {
    out: csv::Writer<W>,
    pub dice: DemoRng,
    items: Vec<Item>,
    next_invoice: u64,
    pub rows: u64,
}

impl<W: Write> Clerk<W> {
    /// Begins the file with its header.
    pub fn new(out: W, dice: DemoRng, items: Vec<Item>) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record([
            "InvoiceNo",
            "StockCode",
            "Description",
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "CustomerID",
            "Country",
        ])?;
        Ok(Self { out, dice, items, next_invoice: 700_000, rows: 0 })
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// An order of a known customer, or of a guest.
    pub fn order(&mut self, time: DateTime, mut buyer: Option<&mut Person>) -> io::Result<()> {
        let invoice = self.number("");
        let (id, country) = self.invoice_header(buyer.as_deref());
        let (usual_lines, packs) = buyer.as_ref().map_or((6, 1), |b| (b.lines, b.packs));
        let count = 1 + self.dice.skewed_below(usual_lines * 3).max(self.dice.skewed_below(usual_lines * 2));
        // Some invoices take longer than a minute to type.
        let crosses_minute = self.dice.happens_permille(20);
        for line in 0..count {
            let delay = jiff::SignedDuration::from_secs(if crosses_minute && line > count / 2 { 60 } else { 0 });
            let paper = InvoiceFields { invoice: &invoice, time: time.saturating_add(delay), customer: &id, country };
            let item = self.choose_item(time);
            let quantity = self.items[item].pack * self.dice.between(1, packs);
            let price = self.price(item, quantity, !id.is_empty());
            self.sale(&paper, item, quantity, price)?;
            if let Some(person) = buyer.as_deref_mut() {
                person.record_purchase(Purchase { item, quantity, price });
            }
        }
        let paper = InvoiceFields { invoice: &invoice, time, customer: &id, country };
        self.order_services(&paper)?;
        if id.is_empty() && self.dice.happens_permille(40) {
            // A till's correction on the same paper: an adjustment, not a sale.
            let item = self.choose_item(time);
            self.item_row(&paper, item, 3, "0.0", "")?;
        }
        Ok(())
    }

    fn sale(&mut self, paper: &InvoiceFields<'_>, item: usize, quantity: u64, price: u64) -> io::Result<()> {
        let mut text = self.items[item].name.clone();
        match self.dice.below(1_000) {
            0..8 => text = text.replacen(' ', "  ", 1) + " ",
            8..12 => text.clear(),
            12..16 => text.truncate(text.trim_end().len() - 1),
            _ => {}
        }
        let text_of_price = self.price_text(price);
        let repeats = 1 + u64::from(self.dice.happens_permille(10));
        for _ in 0..repeats {
            self.item_row(paper, item, quantity as i64, &text_of_price, &text)?;
        }
        if self.dice.happens_permille(2) {
            self.item_row(paper, item, 0, &text_of_price, &text)?;
        }
        Ok(())
    }

    fn order_services(&mut self, paper: &InvoiceFields<'_>) -> io::Result<()> {
        if paper.country != HOME {
            let code = if paper.country == "EIRE" { "C2" } else { "POST" };
            let count = self.dice.between(1, 3) as i64;
            self.row(paper, &RowTemplate { code, text: "POSTAGE", quantity: count, price: "18.00" })?;
        }
        match self.dice.below(1_000) {
            0..12 => self.row(paper, &RowTemplate { code: "M", text: "Manual", quantity: 1, price: "4.25" }),
            12..24 => self.row(paper, &RowTemplate { code: "DOT", text: "DOTCOM POSTAGE", quantity: 1, price: "17.355" }),
            24..28 => {
                self.row(paper, &RowTemplate { code: "gift_0001_20", text: "Gift Voucher 20.00", quantity: 1, price: "16.67" })
            }
            28..33 => self.row(paper, &RowTemplate { code: "S", text: "SAMPLES", quantity: -1, price: "3.10" }),
            _ => Ok(()),
        }
    }

    /// A customer returns some of a recent purchase; at times more than that, or a product that
    /// they never bought.
    pub fn customer_return(&mut self, time: DateTime, person: &Person) -> io::Result<()> {
        let invoice = self.number("C");
        let id = self.spreadsheet_id(person.id);
        let paper = InvoiceFields { invoice: &invoice, time, customer: &id, country: person.country };
        let count = 1 + self.dice.skewed_below(4);
        for _ in 0..count {
            let purchase = match person.lately.len() as u64 {
                0 => Purchase { item: self.choose_item(time), quantity: 2, price: 250 },
                recent_count if self.dice.happens_permille(930) => person.lately[self.dice.below(recent_count) as usize].clone(),
                _ => Purchase { item: self.choose_item(time), quantity: 1, price: 395 },
            };
            let max_quantity = purchase.quantity + if self.dice.happens_permille(40) { 5 } else { 0 };
            let quantity = self.dice.between(1, max_quantity) as i64;
            let refund = if self.dice.happens_permille(100) { purchase.price * 9 / 10 } else { purchase.price };
            let price = self.price_text(refund);
            let name = self.items[purchase.item].name.clone();
            self.item_row(&paper, purchase.item, -quantity, &price, &name)?;
        }
        match self.dice.below(100) {
            0..8 => self.row(&paper, &RowTemplate { code: "POST", text: "POSTAGE", quantity: -1, price: "18.00" }),
            8..12 => self.row(&paper, &RowTemplate { code: "D", text: "Discount", quantity: -1, price: "12.95" }),
            12..14 => {
                let item = self.choose_item(time);
                self.item_row(&paper, item, 1, "1.25", "")
            }
            _ => Ok(()),
        }
    }

    /// A return without a customer.
    pub fn blind_return(&mut self, time: DateTime) -> io::Result<()> {
        let invoice = self.number("C");
        let paper = InvoiceFields { invoice: &invoice, time, customer: "", country: HOME };
        let item = self.choose_item(time);
        let price = self.price_text(self.items[item].price);
        let name = self.items[item].name.clone();
        self.item_row(&paper, item, -1, &price, &name)
    }

    /// Breakage, losses and finds: no customer and no price.
    pub fn adjustment(&mut self, time: DateTime) -> io::Result<()> {
        const NOTES: [(&str, i64); 12] = [
            ("damaged", -1),
            ("Damaged", -1),
            ("wet/rusty", -1),
            ("crushed", -1),
            ("lost", -1),
            ("thrown away-rusty", -1),
            ("?", -1),
            ("", -1),
            ("check", -1),
            ("found", 1),
            ("wrongly coded, was 2 boxes", 1),
            ("", 1),
        ];
        let invoice = self.number("");
        let paper = InvoiceFields { invoice: &invoice, time, customer: "", country: HOME };
        let (note, sign) = *self.dice.pick(&NOTES);
        for _ in 0..=self.dice.skewed_below(3) {
            let item = self.choose_item(time);
            let quantity = sign * self.dice.between(1, 40) as i64;
            self.item_row(&paper, item, quantity, "0.0", note)?;
        }
        Ok(())
    }

    /// Paper that makes nothing: charges and credits alone, and the bank's.
    pub fn accounting_rows(&mut self, time: DateTime) -> io::Result<()> {
        let (prefix, template) = match self.dice.below(4) {
            0 => ("", RowTemplate { code: "AMAZONFEE", text: "AMAZON FEE", quantity: 1, price: "1350.41" }),
            1 => ("C", RowTemplate { code: "BANK CHARGES", text: "Bank Charges", quantity: -1, price: "37.52" }),
            2 => ("C", RowTemplate { code: "M", text: "Manual", quantity: -1, price: "110.00" }),
            _ => ("A", RowTemplate { code: "B", text: "Adjust bad debt", quantity: 1, price: "-1106.44" }),
        };
        let invoice = self.number(prefix);
        self.row(&InvoiceFields { invoice: &invoice, time, customer: "", country: HOME }, &template)
    }

    /// An order far too large, and its cancellation minutes later.
    pub fn mistaken_order(&mut self, time: DateTime, person: &Person) -> io::Result<()> {
        let id = self.spreadsheet_id(person.id);
        let (order, cancelled) = (self.number(""), self.number("C"));
        let cancelled_at = time.saturating_add(jiff::SignedDuration::from_mins(9));
        for (invoice, time, quantity) in [(&order, time, 8_095), (&cancelled, cancelled_at, -8_095)] {
            let paper = InvoiceFields { invoice, time, customer: &id, country: person.country };
            let name = self.items[0].name.clone();
            let price = self.price_text(self.items[0].price);
            self.item_row(&paper, 0, quantity, &price, &name)?;
        }
        Ok(())
    }

    /// Chooses an item, best sellers most often; items out of season are mostly skipped.
    fn choose_item(&mut self, time: DateTime) -> usize {
        let mut item = 0;
        for _ in 0..3 {
            item = self.dice.skewed_below(self.items.len() as u64) as usize;
            let is_in_season = match self.items[item].season {
                Season::Always => true,
                Season::Summer => (4..=8).contains(&time.month()),
                Season::Winter => time.month() >= 9 || time.month() == 1,
            };
            if is_in_season {
                break;
            }
        }
        item
    }

    /// Cheaper by the dozen packs; free for a known customer now and then.
    fn price(&mut self, item: usize, quantity: u64, is_customer_known: bool) -> u64 {
        let Item { price, pack, .. } = self.items[item];
        match self.dice.below(1_000) {
            0..3 if is_customer_known => 0,
            3..20 => price * 11 / 10,
            _ if quantity >= pack * 6 => (price * 85).div_ceil(100),
            _ => price,
        }
    }

    /// Two decimals as a rule; one if a spreadsheet dropped a zero; three for a computed price.
    fn price_text(&mut self, pence: u64) -> String {
        let (pounds, rest) = (pence / 100, pence % 100);
        match self.dice.below(500) {
            0 => format!("{pounds}.{rest:02}4"),
            _ if rest.is_multiple_of(10) => format!("{pounds}.{}", rest / 10),
            _ => format!("{pounds}.{rest:02}"),
        }
    }

    fn item_row(&mut self, paper: &InvoiceFields<'_>, item: usize, quantity: i64, price: &str, text: &str) -> io::Result<()> {
        let mut code = self.items[item].code.clone();
        match self.dice.below(1_000) {
            0..8 => code.make_ascii_lowercase(),
            8..10 => code.push(' '),
            _ => {}
        }
        self.row(paper, &RowTemplate { code: &code, text, quantity, price })
    }

    fn row(&mut self, paper: &InvoiceFields<'_>, template: &RowTemplate<'_>) -> io::Result<()> {
        self.rows += 1;
        let (quantity, time) = (template.quantity.to_string(), tools::replay::flat_values::local(paper.time));
        let InvoiceFields { invoice, customer, country, .. } = paper;
        Ok(self.out.write_record([invoice, template.code, template.text, &quantity, &time, template.price, customer, country])?)
    }

    fn invoice_header(&mut self, buyer: Option<&Person>) -> (String, &'static str) {
        let Some(person) = buyer else { return (String::new(), HOME) };
        let country = person.elsewhere.filter(|_| self.dice.happens_permille(300)).unwrap_or(person.country);
        (self.spreadsheet_id(person.id), country)
    }

    /// Ids went through a spreadsheet, which made most of them decimals.
    fn spreadsheet_id(&mut self, id: u64) -> String {
        if self.dice.happens_permille(900) { format!("{id}.0") } else { id.to_string() }
    }

    fn number(&mut self, prefix: &str) -> String {
        self.next_invoice += 1;
        format!("{prefix}{}", self.next_invoice)
    }
}
