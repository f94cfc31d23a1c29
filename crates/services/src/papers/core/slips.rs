//! Papers that accompany goods: return labels, slips of collected orders, and the picking list of a
//! wave.

use entity::prelude::*;
use inventory::{fulfilment::core::Work, returns::core::Return};

use super::{
    draw::{DrawError, Frame, Goods, goods_columns},
    sheet::{Sheet, Table, figure_column, text_column},
};

/// Goods of one product that are picked for several fulfilments at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveGoods {
    /// Bin location in the store, if it is known.
    pub bin_location: Option<String>,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub units: i64,
    /// The number of each fulfilment, and its share of the goods.
    pub shares: Vec<(String, i64)>,
}

impl Frame {
    /// Returns the label of a parcel that is sent back: its address, and the return's number as a
    /// code. It has no prices and no names of people.
    pub fn return_label(&self, sales_return: &Return, address: Vec<String>) -> Result<Sheet, DrawError> {
        let words = self.words;
        let is_open = matches!(sales_return.status(), ReturnStatus::Approved | ReturnStatus::PartiallyReceived);
        let awaited_lines = sales_return.lines.iter().filter(|line| line.kind == LineKind::Product && line.awaited() > 0);
        let rows: Vec<Vec<String>> = awaited_lines
            .map(|line| vec![line.sku.clone(), line.name.clone(), words.units(line.awaited(), line.decimals)])
            .collect();
        if !is_open || rows.is_empty() {
            return Err(DrawError::NothingAwaited);
        }
        let title = format!("{} {}", words.title(PaperKind::ReturnLabel), self.number);
        let mut sheet = Sheet::new(words.tag, title);
        sheet.add_party(words.deliver_to, self.from.iter().cloned().chain(address).collect());
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.return_number, Some(self.number.clone()));
        sheet.add_fact(words.reference, sales_return.external_ref.clone());
        sheet.code = Some(self.number.clone());
        sheet.tables.push(Table { heading: None, columns: goods_columns(words), rows });
        Ok(sheet)
    }

    /// Returns the slip with which a store hands the units of a work to the customer: their lines,
    /// the customer, and the order's number as a code. It has no prices, and not the customer's
    /// collection code.
    pub fn collect_slip(&self, number: &str, work: &Work, names: &[Goods], customer: Vec<String>) -> Result<Sheet, DrawError> {
        let words = self.words;
        let waiting_lines = work.lines.iter().filter(|line| line.live() > 0);
        let rows: Vec<Vec<String>> =
            waiting_lines.map(|line| self.goods(names, (line.position, line.product), line.live())).collect();
        if rows.is_empty() {
            return Err(DrawError::NothingToCollect);
        }
        let mut sheet = self.sheet(PaperKind::CollectSlip, number);
        sheet.add_party(words.customer, customer);
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.order, Some(self.number.clone()));
        sheet.code = Some(self.number.clone());
        sheet.tables.push(Table { heading: None, columns: goods_columns(words), rows });
        Ok(sheet)
    }

    /// Returns the lines of a wave that a store still has to pick, in the order of picking: the
    /// total of each product, and the share of each work. `number` is that of the wave.
    pub fn wave_list(&self, number: &str, goods: &[WaveGoods]) -> Result<Sheet, DrawError> {
        let words = self.words;
        if goods.is_empty() {
            return Err(DrawError::NothingToPick);
        }
        let mut sheet = self.sheet(PaperKind::PickingList, number);
        sheet.add_fact(words.date, Some(self.day.clone()));
        let lines = goods.iter().map(|line| {
            let units = |units: i64| words.units(units, line.decimals);
            let shares = line.shares.iter().map(|(work, share)| format!("{work}: {}", units(*share)));
            let shares = shares.collect::<Vec<_>>().join("\n");
            (line.bin_location.clone(), vec![line.sku.clone(), line.name.clone(), units(line.units), shares, String::new()])
        });
        let columns = vec![
            text_column(words.sku, 3),
            text_column(words.product, 5),
            figure_column(words.quantity, 2),
            text_column(words.orders, 3),
            figure_column(words.picked, 2),
        ];
        sheet.tables.push(self.with_bins(columns, lines.collect()));
        Ok(sheet)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{file, page, phrases::Phrases},
        *,
    };

    fn frame() -> Frame {
        Frame {
            words: Phrases::of(PaperLocale::English),
            from: vec!["alpha company".to_owned(), "alpha shop".to_owned()],
            number: String::new(),
            day: "2026-11-24".to_owned(),
            day_text: |_| String::new(),
        }
    }

    #[test]
    fn a_waves_list_says_how_much_of_each_product_is_for_which_work() {
        let mugs = WaveGoods {
            bin_location: None,
            sku: "MUG".to_owned(),
            name: "Mug".to_owned(),
            decimals: 0,
            units: 12,
            shares: vec![("1041-1".to_owned(), 5), ("1042-1".to_owned(), 7)],
        };
        let tea = WaveGoods {
            bin_location: None,
            sku: "TEA".to_owned(),
            name: "Tea".to_owned(),
            decimals: 3,
            units: 1_500,
            shares: vec![("1042-1".to_owned(), 1_500)],
        };
        let rows = |goods: &[WaveGoods]| {
            let sheet = frame().wave_list("fwv_1", goods).unwrap();
            assert!(sheet.tables[0].rows.iter().all(|row| row.len() == sheet.tables[0].columns.len()));
            sheet.tables[0].rows.clone()
        };
        assert_eq!(
            rows(&[mugs.clone(), tea.clone()]),
            [["MUG", "Mug", "12", "1041-1: 5\n1042-1: 7", ""], ["TEA", "Tea", "1.500", "1042-1: 1.500", ""]],
            "in the order of picking"
        );
        let placed = rows(&[WaveGoods { bin_location: Some("A-2".to_owned()), ..mugs }, tea]);
        let placed: Vec<&[String]> = placed.iter().map(|row| &row[..2]).collect();
        assert_eq!(placed, [["A-2", "MUG"], ["", "TEA"]], "a column of bins where there is one");
        assert_eq!(frame().wave_list("fwv_1", &[]), Err(DrawError::NothingToPick));
    }

    #[test]
    fn a_code_is_drawn_on_the_page_and_in_the_file() {
        let mut sheet = Sheet::new("en", "Return label RT-000007".to_owned());
        let bars = |sheet: &Sheet| {
            let shown = String::from_utf8(file(sheet).unwrap()).unwrap();
            (page(sheet).matches("<svg").count(), shown.matches(" re\n").count(), shown.contains("(RT-000007) Tj"))
        };
        assert_eq!(bars(&sheet), (0, 0, false));
        sheet.code = Some("RT-000007".to_owned());
        // The start, nine characters, and the check have three bars each; the stop has four.
        assert_eq!(bars(&sheet), (1, 37, true));
        // A text that Code 128 cannot encode is printed as text alone.
        sheet.code = Some("Größe".to_owned());
        assert_eq!(bars(&sheet), (0, 0, false));
    }
}
