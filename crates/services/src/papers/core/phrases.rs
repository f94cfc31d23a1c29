//! The fixed words of papers, by language. Texts entered by people are printed unchanged.

use entity::prelude::*;
use inventory::{currency::core::FrozenRate, orders::core::TaxRate};

/// The words of one language.
#[derive(Debug, PartialEq, Eq)]
pub struct Phrases {
    /// The language tag of the page.
    pub tag: &'static str,
    /// Decimal separator.
    pub decimal: char,
    pub packing_slip: &'static str,
    pub picking_list: &'static str,
    pub delivery_note: &'static str,
    pub order_confirmation: &'static str,
    pub purchase_order: &'static str,
    pub invoice: &'static str,
    pub credit_note: &'static str,
    pub date: &'static str,
    pub shipped_on: &'static str,
    pub order: &'static str,
    pub reference: &'static str,
    pub from: &'static str,
    pub deliver_to: &'static str,
    pub bill_to: &'static str,
    pub supplier: &'static str,
    pub sku: &'static str,
    pub supplier_sku: &'static str,
    pub product: &'static str,
    pub quantity: &'static str,
    pub picked: &'static str,
    pub unit_price: &'static str,
    pub discount: &'static str,
    pub tax: &'static str,
    pub net: &'static str,
    pub total: &'static str,
    pub parcel: &'static str,
    pub tracking: &'static str,
    pub requested_for: &'static str,
    pub expected_on: &'static str,
    pub revision: &'static str,
    pub cancelled: &'static str,
    pub changed: &'static str,
    pub note: &'static str,
    pub tax_id: &'static str,
    pub of_invoice: &'static str,
    pub reason: &'static str,
    pub period: &'static str,
    pub tax_by_rate: &'static str,
    pub rate: &'static str,
    pub exchange_rate: &'static str,
    pub return_label: &'static str,
    pub return_number: &'static str,
    pub collect_slip: &'static str,
    pub customer: &'static str,
    pub orders: &'static str,
    pub bin_location: &'static str,
}

const ENGLISH: Phrases = Phrases {
    tag: "en",
    decimal: '.',
    packing_slip: "Packing slip",
    picking_list: "Picking list",
    delivery_note: "Delivery note",
    order_confirmation: "Order confirmation",
    purchase_order: "Purchase order",
    invoice: "Invoice",
    credit_note: "Credit note",
    date: "Date",
    shipped_on: "Shipped on",
    order: "Order",
    reference: "Your reference",
    from: "From",
    deliver_to: "Deliver to",
    bill_to: "Bill to",
    supplier: "Supplier",
    sku: "SKU",
    supplier_sku: "Your SKU",
    product: "Product",
    quantity: "Quantity",
    picked: "Picked",
    unit_price: "Unit price",
    discount: "Discount",
    tax: "Tax",
    net: "Net",
    total: "Total",
    parcel: "Parcel",
    tracking: "tracking number",
    requested_for: "Requested for",
    expected_on: "Expected on",
    revision: "revision",
    cancelled: "cancelled",
    changed: "changed",
    note: "Note",
    tax_id: "Tax ID",
    of_invoice: "Of invoice",
    reason: "Reason",
    period: "Period",
    tax_by_rate: "Tax by rate",
    rate: "Rate",
    exchange_rate: "Exchange rate",
    return_label: "Return label",
    return_number: "Return",
    collect_slip: "Collection slip",
    customer: "Customer",
    orders: "Orders",
    bin_location: "Bin location",
};

const GERMAN: Phrases = Phrases {
    tag: "de",
    decimal: ',',
    packing_slip: "Packzettel",
    picking_list: "Pickliste",
    delivery_note: "Lieferschein",
    order_confirmation: "Auftragsbestätigung",
    purchase_order: "Bestellung",
    invoice: "Rechnung",
    credit_note: "Gutschrift",
    date: "Datum",
    shipped_on: "Versendet am",
    order: "Auftrag",
    reference: "Ihr Zeichen",
    from: "Von",
    deliver_to: "Lieferadresse",
    bill_to: "Rechnungsadresse",
    supplier: "Lieferant",
    sku: "Artikelnummer",
    supplier_sku: "Ihre Artikelnummer",
    product: "Artikel",
    quantity: "Menge",
    picked: "Entnommen",
    unit_price: "Einzelpreis",
    discount: "Rabatt",
    tax: "Steuer",
    net: "Netto",
    total: "Summe",
    parcel: "Paket",
    tracking: "Sendungsnummer",
    requested_for: "Wunschtermin",
    expected_on: "Erwartet am",
    revision: "Revision",
    cancelled: "storniert",
    changed: "geändert",
    note: "Hinweis",
    tax_id: "USt-IdNr.",
    of_invoice: "Zur Rechnung",
    reason: "Grund",
    period: "Zeitraum",
    tax_by_rate: "Steuer nach Satz",
    rate: "Satz",
    exchange_rate: "Wechselkurs",
    return_label: "Rücksendeetikett",
    return_number: "Rücksendung",
    collect_slip: "Abholschein",
    customer: "Kunde",
    orders: "Aufträge",
    bin_location: "Lagerplatz",
};

const FRENCH: Phrases = Phrases {
    tag: "fr",
    decimal: ',',
    packing_slip: "Bordereau d’emballage",
    picking_list: "Liste de prélèvement",
    delivery_note: "Bon de livraison",
    order_confirmation: "Confirmation de commande",
    purchase_order: "Bon de commande",
    invoice: "Facture",
    credit_note: "Avoir",
    date: "Date",
    shipped_on: "Expédié le",
    order: "Commande",
    reference: "Votre référence",
    from: "De",
    deliver_to: "Adresse de livraison",
    bill_to: "Adresse de facturation",
    supplier: "Fournisseur",
    sku: "Référence",
    supplier_sku: "Votre référence article",
    product: "Article",
    quantity: "Quantité",
    picked: "Prélevé",
    unit_price: "Prix unitaire",
    discount: "Remise",
    tax: "Taxe",
    net: "Total HT",
    total: "Total",
    parcel: "Colis",
    tracking: "numéro de suivi",
    requested_for: "Date souhaitée",
    expected_on: "Attendu le",
    revision: "révision",
    cancelled: "annulé",
    changed: "modifié",
    note: "Remarque",
    tax_id: "N° de TVA",
    of_invoice: "Facture d’origine",
    reason: "Motif",
    period: "Période",
    tax_by_rate: "Taxe par taux",
    rate: "Taux",
    exchange_rate: "Taux de change",
    return_label: "Étiquette de retour",
    return_number: "Retour",
    collect_slip: "Bon de retrait",
    customer: "Client",
    orders: "Commandes",
    bin_location: "Emplacement",
};

impl Phrases {
    pub const fn of(locale: PaperLocale) -> &'static Self {
        match locale {
            PaperLocale::English => &ENGLISH,
            PaperLocale::German => &GERMAN,
            PaperLocale::French => &FRENCH,
        }
    }

    /// The name of a kind of paper.
    pub const fn title(&self, kind: PaperKind) -> &'static str {
        match kind {
            PaperKind::PackingSlip => self.packing_slip,
            PaperKind::PickingList => self.picking_list,
            PaperKind::DeliveryNote => self.delivery_note,
            PaperKind::OrderConfirmation => self.order_confirmation,
            PaperKind::PurchaseOrder => self.purchase_order,
            PaperKind::Invoice => self.invoice,
            PaperKind::CreditNote => self.credit_note,
            PaperKind::ReturnLabel => self.return_label,
            PaperKind::CollectSlip => self.collect_slip,
        }
    }

    /// An amount without its currency.
    pub fn amount(&self, money: Money) -> String {
        self.figure(&money.amount())
    }

    /// An amount with its currency.
    pub fn money(&self, money: Money) -> String {
        format!("{} {}", self.amount(money), money.currency)
    }

    /// Formats smallest units as whole ones: 1,500 with three decimals is 1.500.
    pub fn units(&self, quantity: i64, decimals: u8) -> String {
        let scale = 10_i64.pow(u32::from(decimals));
        let (whole, rest) = (quantity / scale, quantity % scale);
        if decimals == 0 {
            return whole.to_string();
        }
        self.figure(&format!("{whole}.{rest:0width$}", width = usize::from(decimals)))
    }

    /// Formats a tax rate in percent; a dash for none.
    pub fn percent(&self, rate: Option<TaxRate>) -> String {
        let Some(millionths) = rate.map(TaxRate::millionths) else { return "–".to_owned() };
        let (whole, rest) = (millionths / 10_000, millionths % 10_000);
        let text = format!("{whole}.{rest:04}");
        format!("{} %", self.figure(text.trim_end_matches('0').trim_end_matches('.')))
    }

    /// Prints a frozen exchange rate as an equation of two amounts, without a rounded inverse.
    pub fn rate_equation(&self, rate: &FrozenRate) -> String {
        let side = |number: String, currency: Currency| format!("{} {currency}", self.figure(&number));
        let (from, to) = (side(rate.denominator.to_string(), rate.from), side(rate.numerator.to_string(), rate.to));
        format!("{from} = {to}")
    }

    /// Formats a number with the decimal separator of the language.
    pub fn figure(&self, text: &str) -> String {
        text.chars().map(|c| if c == '.' { self.decimal } else { c }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_decimal_sign_of_their_language() {
        let money = Money::new(123_450, Currency::GBP);
        let told = |locale| {
            let words = Phrases::of(locale);
            (words.money(money), words.units(1_500, 3), words.units(12, 0))
        };
        assert_eq!(told(PaperLocale::English), ("1234.50 GBP".to_owned(), "1.500".to_owned(), "12".to_owned()));
        assert_eq!(told(PaperLocale::German), ("1234,50 GBP".to_owned(), "1,500".to_owned(), "12".to_owned()));
    }

    #[test]
    fn a_rate_is_printed_in_percent() {
        let percent = |locale, rate: &str| Phrases::of(locale).percent(TaxRate::parse(rate).ok());
        let shown = ["0.2", "0.055", "0.08875", "0", "1", "none"].map(|rate| percent(PaperLocale::English, rate));
        assert_eq!(shown, ["20 %", "5.5 %", "8.875 %", "0 %", "100 %", "–"]);
        assert_eq!(percent(PaperLocale::German, "0.055"), "5,5 %");
    }

    #[test]
    fn each_language_has_its_own_title_of_each_kind() {
        for kind in PaperKind::ALL {
            let titles = PaperLocale::ALL.iter().map(|locale| Phrases::of(*locale).title(*kind));
            let all: std::collections::HashSet<&str> = titles.collect();
            assert_eq!(all.len(), PaperLocale::ALL.len(), "{kind}");
        }
    }
}
