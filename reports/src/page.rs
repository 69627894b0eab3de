//! A page of HTML: one file, without script and without anything from elsewhere. Light or dark as the
//! reader's system is; charts have a text.

use hpcctl_model::Envelope;

use crate::terminal::{shortened, visible};

/// The longest text of a cell.
pub(crate) const LONG: usize = 1000;

/// Colours that have a contrast of 7 to 1 at least on their ground (WCAG 2.2, 1.4.6).
const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--text:#1a1a1a;--soft:#4a4a4a;--line:#bbb;--bad:#8b0000;--mark:#00468b}
@media(prefers-color-scheme:dark){:root{--ground:#141414;--text:#eee;--soft:#bbb;--line:#555;--bad:#ffb0a8;--mark:#9cc8ff}}
body{background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}p{overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--soft)}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
td ul{margin:0;padding-left:1.2rem}th,td:first-child{overflow-wrap:normal}.found td:nth-child(n+3){min-width:12rem}
.fail{color:var(--bad);font-weight:bold}svg{width:100%;max-width:30rem;height:4rem}polyline{fill:none;stroke:var(--mark);stroke-width:2;vector-effect:non-scaling-stroke}
.out{stroke:var(--soft);stroke-dasharray:5 3}.key{display:inline-block;width:3rem;height:.6rem}
td svg{width:10rem;height:1rem}.zone{fill:var(--line);opacity:.5}.band,.one{stroke:var(--soft)}.band{stroke:var(--mark);stroke-width:3}circle{fill:var(--mark)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:1rem}figure{margin:1rem 0}figcaption{overflow-wrap:anywhere}
.axes{display:grid;grid-template-columns:auto 1fr;gap:0 .3rem;font-size:.8rem;max-width:30rem}.axes svg{border-left:1px solid var(--soft);border-bottom:1px solid var(--soft)}
.up,.across{display:flex;justify-content:space-between}.up{flex-direction:column;text-align:right}.across{grid-column:2}
@media(max-width:40rem){thead{position:absolute;left:-9999px}tr,td,tbody th{display:block;border:0;padding:.1rem 0;min-width:0;overflow-wrap:anywhere}tr{border-bottom:1px solid var(--line);padding:.5rem 0}td[data-name]::before{content:attr(data-name) ': '}}
";

/// A page up to its first heading; both texts are escaped already.
pub(crate) fn begun(title: &str, head: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>hpcctl: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{head}</h1>\n"
    )
}

/// The end of a page: who wrote the report, where and when.
pub(crate) fn ended<R>(report: &Envelope<R>) -> String {
    format!(
        "</main>\n<footer><p>hpcctl {} on {}, {}</p></footer>\n</body>\n</html>\n",
        escaped(&report.tool.version),
        escaped(&report.host.name),
        escaped(&report.finished_at)
    )
}

/// Something found: what it is, where, and what to do. All is escaped already.
pub(crate) struct Found {
    pub state: String,
    pub is_bad: bool,
    pub what: String,
    pub on: String,
    pub told: String,
    pub fix: String,
}

/// A part with a table of what was found, the first so many of it; the column of states has a name.
pub(crate) fn found(
    text: &mut String,
    title: &str,
    states: &str,
    rows: impl ExactSizeIterator<Item = Found>,
    most: usize,
) {
    let more = rows.len().saturating_sub(most);
    *text += &format!("<h2>{title}</h2>\n<div class=\"wide\"><table class=\"found\">\n");
    if more > 0 {
        *text += &format!("<caption>The first {most}; {more} more are in the JSON.</caption>\n");
    }
    *text += "<thead><tr>";
    for name in [states, "What", "On", "Found", "To do"] {
        *text += &format!("<th scope=\"col\">{name}</th>");
    }
    *text += "</tr></thead>\n<tbody>\n";
    for row in rows.take(most) {
        let class = if row.is_bad { " class=\"fail\"" } else { "" };
        *text += &format!(
            "<tr><td{class}>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            row.state, row.what, row.on, row.told, row.fix
        );
    }
    *text += "</tbody></table></div>\n";
}

/// A chart with its text, which is escaped already; its shapes lie in 300 by 50, and are stretched.
pub(crate) fn figure(id: &str, caption: &str, shapes: &str) -> String {
    captioned(id, caption, &drawn(id, shapes))
}

/// A chart as [`figure`] makes it, with what is at the ends of its axes, from left to right and from bottom to top, all
/// escaped already.
pub(crate) fn with_axes(
    id: &str,
    caption: &str,
    shapes: &str,
    across: [&str; 2],
    up: [&str; 2],
) -> String {
    let ([left, right], [bottom, top]) = (across, up);
    let chart = drawn(id, shapes);
    let axes = format!(
        "<div class=\"axes\"><div class=\"up\"><span>{top}</span><span>{bottom}</span></div>{chart}\
         <div class=\"across\"><span>{left}</span><span>{right}</span></div></div>"
    );
    captioned(id, caption, &axes)
}

fn captioned(id: &str, caption: &str, chart: &str) -> String {
    format!("<figure><figcaption id=\"{id}\">{caption}</figcaption>{chart}</figure>\n")
}

fn drawn(id: &str, shapes: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 300 50\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-labelledby=\"{id}\">{shapes}</svg>"
    )
}

/// A line through points of a chart.
pub(crate) fn line(class: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!("<polyline{class} points=\"{}\"/>", points.join(" "))
}

/// A text as HTML has it, shortened.
pub(crate) fn escaped(text: &str) -> String {
    let text = shortened(text, LONG);
    let text = visible(&text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Whether a page stands alone, and every element is closed.
    pub fn is_sound(html: &str) {
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        for from_elsewhere in [
            "<script", "http:", "https:", "src=", "href=", "@import", "url(",
        ] {
            assert!(!html.contains(from_elsewhere), "{from_elsewhere}");
        }
        assert!(html.contains("prefers-color-scheme:dark"));
        assert_eq!(html.matches("<h1>").count(), 1);
        let mut open: Vec<&str> = Vec::new();
        for tag in html.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.split(' ').next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{html}");
            } else if !tag.ends_with('/') && !["meta", "wbr", "!DOCTYPE"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    /// The relative luminance of a colour (WCAG 2.2).
    fn luminance(hex: &str) -> f64 {
        let wide: String = match hex.len() {
            3 => hex.chars().flat_map(|c| [c, c]).collect(),
            _ => hex.into(),
        };
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    }

    #[test]
    fn text_stands_out_in_light_and_dark() {
        for line in STYLE.lines().filter(|line| line.contains("--ground:")) {
            let color = |name: &str| {
                let (_, rest) = line.split_once(&format!("--{name}:#")).unwrap();
                luminance(rest.split([';', '}']).next().unwrap())
            };
            for name in ["text", "soft", "bad", "mark"] {
                let (one, other) = (color(name), color("ground"));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 7.0, "{name}: {contrast} in {line}");
            }
        }
    }
}
