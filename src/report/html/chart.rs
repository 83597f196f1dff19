//! Columns as inline SVG, drawn by plotters and coloured by the page's style.

use minijinja::Value;
use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, LabelAreaPosition, RGBColor, Rectangle,
    SVGBackend, TextStyle,
};

use super::words;
use crate::report::ReportError;

/// Columns of two parts, one upon the other.
pub(super) struct Chart<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) columns: Vec<Column>,
}

pub(super) struct Column {
    pub(super) label: String,
    pub(super) well: u64,
    pub(super) failed: u64,
}

/// A phone shows it at three quarters of this size.
const SIZE: (u32, u32) = (480, 240);
const FONT: u32 = 17;

/// Colours stand for classes, which the page's style colours for light and dark.
const CLASSES: [(RGBColor, &str); 5] = [
    (WELL, "well"),
    (FAILED, "failed"),
    (AXIS, "axis"),
    (GRID, "grid"),
    (LABEL, "label"),
];
const WELL: RGBColor = RGBColor(0, 0, 1);
const FAILED: RGBColor = RGBColor(0, 0, 2);
const AXIS: RGBColor = RGBColor(0, 0, 3);
const GRID: RGBColor = RGBColor(0, 0, 4);
const LABEL: RGBColor = RGBColor(0, 0, 5);

impl Chart<'_> {
    /// The chart as an element of the page.
    pub(super) fn draw(&self) -> Result<Value, ReportError> {
        let mut svg = String::new();
        self.draw_into(&mut svg)
            .map_err(|error| ReportError::Page(error.to_string()))?;
        for (RGBColor(red, green, blue), class) in CLASSES {
            let colour = format!("#{red:02X}{green:02X}{blue:02X}");
            for name in ["fill", "stroke"] {
                let class = format!(r#"class="{class}""#);
                svg = svg.replace(&format!(r#"{name}="{colour}""#), &class);
            }
        }
        let (_, drawn) = svg.split_once('>').unwrap_or_default();
        let (id, (width, height)) = (self.id, SIZE);
        let escaped = |text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            text.replace('"', "&quot;")
        };
        Ok(Value::from_safe_string(format!(
            r#"<svg class="chart" role="img" aria-labelledby="{id}-title {id}-text" viewBox="0 0 {width} {height}"><title id="{id}-title">{}</title><desc id="{id}-text">{}</desc>{}"#,
            escaped(self.title),
            escaped(self.description),
            drawn.replace('\n', ""),
        )))
    }

    fn draw_into(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error + '_>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let count = self.columns.len() as f64;
        let most = self.columns.iter().map(|one| one.well + one.failed).max();
        let top = words::round_above(most.unwrap_or(0));
        let mut chart = ChartBuilder::on(&area)
            .margin(8)
            .margin_right(24)
            .set_label_area_size(LabelAreaPosition::Left, 50)
            .set_label_area_size(LabelAreaPosition::Bottom, 30)
            .build_cartesian_2d(-0.5..count - 0.5, 0..top)?;
        let label = TextStyle::from(("sans-serif", FONT).into_font()).color(&LABEL);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .set_tick_mark_size(LabelAreaPosition::Bottom, 5)
            .set_tick_mark_size(LabelAreaPosition::Left, 5)
            .x_labels(self.columns.len().min(6))
            .y_labels(6)
            .x_label_style(label.clone())
            .y_label_style(label)
            .x_label_formatter(&|at| self.label(*at))
            .y_label_formatter(&|calls| words::short_number(*calls))
            .draw()?;
        let half = if count > 40.0 { 0.42 } else { 0.38 };
        let part = |at: usize, from: u64, to: u64, colour: RGBColor| {
            let middle = at as f64;
            Rectangle::new(
                [(middle - half, from), (middle + half, to)],
                colour.filled(),
            )
        };
        let columns = self.columns.iter().enumerate();
        let parts = columns.flat_map(|(at, column)| {
            let whole = column.well + column.failed;
            let well = (column.well > 0).then(|| part(at, 0, column.well, WELL));
            let failed = (column.failed > 0).then(|| part(at, column.well, whole, FAILED));
            well.into_iter().chain(failed)
        });
        chart.draw_series(parts)?;
        area.present()?;
        // Only a drawing area that is gone has closed its last element.
        drop(chart);
        drop(area);
        Ok(())
    }

    /// The name of the column whose middle is here.
    fn label(&self, at: f64) -> String {
        let is_middle = at >= 0.0 && (at - at.round()).abs() < 1e-6;
        let column = is_middle.then(|| self.columns.get(at.round() as usize));
        let label = column.flatten().map(|column| column.label.clone());
        label.unwrap_or_default()
    }
}
