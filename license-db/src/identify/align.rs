//! How well a stretch of a file agrees with a template, word by word.
//!
//! Shared shingles are anchors; between them words are paired greedily, skipping few words on
//! either side where they differ.

/// The most words skipped on one side to find agreement again.
const MAX_SKIP: usize = 40;

/// The words of a file that agree with a template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Alignment {
    /// The first word in the file.
    pub(crate) start: usize,
    /// Behind the last word in the file.
    pub(crate) end: usize,
    /// How many words agree.
    pub(crate) agree: usize,
    /// How many words the template has.
    pub(crate) template: usize,
}

impl Alignment {
    /// Words of the file that the template does not have.
    fn extra(&self) -> usize {
        (self.end - self.start).saturating_sub(self.agree)
    }

    /// Words of the template that the file does not have.
    fn missing(&self) -> usize {
        self.template.saturating_sub(self.agree)
    }

    /// Twice the agreement over the words of both, from 0 to 1.
    pub(crate) fn score(&self) -> f64 {
        let both = self.template + (self.end - self.start);
        if both == 0 {
            0.0
        } else {
            2.0 * as_f64(self.agree) / as_f64(both)
        }
    }

    /// The share of the template that is there, from 0 to 1.
    pub(crate) fn coverage(&self) -> f64 {
        if self.template == 0 {
            0.0
        } else {
            as_f64(self.agree) / as_f64(self.template)
        }
    }

    /// What the match explains, less what it leaves unexplained; decides between near twins.
    pub(crate) fn value(&self) -> f64 {
        as_f64(self.agree) - 0.8 * as_f64(self.missing()) - 0.8 * as_f64(self.extra())
    }
}

fn as_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Aligns a file with a template along anchors (word of the file, word of the template), which
/// rise on both sides.
pub(crate) fn align(file: &[u32], template: &[u32], anchors: &[(u32, u32)]) -> Option<Alignment> {
    let (first_file, first_template) = pair(anchors.first()?);
    let before = before(file, template, first_file, first_template);
    let mut agree = before.agree;
    let (mut in_file, mut in_template) = (first_file, first_template);
    let mut end = first_file;
    for anchor in anchors {
        let (next_file, next_template) = pair(anchor);
        if next_file < in_file || next_template < in_template {
            continue;
        }
        let gap = pairs(
            file.get(in_file..next_file)?,
            template.get(in_template..next_template)?,
        );
        let run = run(file.get(next_file..)?, template.get(next_template..)?);
        agree += gap.agree + run;
        in_file = next_file + run;
        in_template = next_template + run;
        end = in_file;
    }
    let after = pairs(file.get(in_file..)?, template.get(in_template..)?);
    Some(Alignment {
        start: first_file - before.end,
        end: if after.agree > 0 {
            in_file + after.end
        } else {
            end
        },
        agree: agree + after.agree,
        template: template.len(),
    })
}

fn pair(anchor: &(u32, u32)) -> (usize, usize) {
    (anchor.0 as usize, anchor.1 as usize)
}

fn run(file: &[u32], template: &[u32]) -> usize {
    file.iter()
        .zip(template)
        .take_while(|(a, b)| a == b)
        .count()
}

/// What was paired, and behind which word of the file the last pair lies.
#[derive(Default)]
struct Paired {
    agree: usize,
    end: usize,
}

/// Pairs the words before the first anchor, backwards.
fn before(file: &[u32], template: &[u32], in_file: usize, in_template: usize) -> Paired {
    let reach = in_template + in_template / 4 + MAX_SKIP;
    let file: Vec<u32> = file
        .get(in_file.saturating_sub(reach)..in_file)
        .unwrap_or_default()
        .iter()
        .rev()
        .copied()
        .collect();
    let template: Vec<u32> = template
        .get(..in_template)
        .unwrap_or_default()
        .iter()
        .rev()
        .copied()
        .collect();
    pairs(&file, &template)
}

/// Pairs words greedily from the front.
fn pairs(file: &[u32], template: &[u32]) -> Paired {
    let mut out = Paired::default();
    let (mut f, mut t) = (0, 0);
    while f < file.len() && t < template.len() {
        let (rest_file, rest_template) = (
            file.get(f..).unwrap_or_default(),
            template.get(t..).unwrap_or_default(),
        );
        let run = run(rest_file, rest_template);
        if run > 0 {
            out.agree += run;
            f += run;
            t += run;
            out.end = f;
            continue;
        }
        let Some((skip_file, skip_template)) = resync(rest_file, rest_template) else {
            break;
        };
        f += skip_file;
        t += skip_template;
    }
    out
}

/// The smallest skip on both sides behind which two words agree in a row (or the last one).
fn resync(file: &[u32], template: &[u32]) -> Option<(usize, usize)> {
    for total in 1..=MAX_SKIP {
        for skip_file in 0..=total {
            let skip_template = total - skip_file;
            let (Some(a), Some(b)) = (file.get(skip_file..), template.get(skip_template..)) else {
                continue;
            };
            let agree = match (a, b) {
                ([a, a2, ..], [b, b2, ..]) => a == b && a2 == b2,
                ([a], [b, ..]) | ([a, ..], [b]) => a == b && total <= 3,
                _ => false,
            };
            if agree {
                return Some((skip_file, skip_template));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_agree_whole() {
        let words: Vec<u32> = (1..50).collect();
        let found = align(&words, &words, &[(10, 10), (20, 20)]).unwrap();
        assert_eq!(
            found,
            Alignment {
                start: 0,
                end: 49,
                agree: 49,
                template: 49
            }
        );
        assert!((found.score() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn differences_cost() {
        let template: Vec<u32> = (1..101).collect();
        let mut file: Vec<u32> = (1..101).collect();
        file[49] = 999;
        file.insert(70, 998);
        file.splice(0..0, [900, 901, 902]);
        let found = align(&file, &template, &[(13, 10), (40, 37)]).unwrap();
        assert_eq!(
            found,
            Alignment {
                start: 3,
                end: 104,
                agree: 99,
                template: 100
            }
        );
    }

    #[test]
    fn a_template_in_a_larger_file_keeps_its_place() {
        let template: Vec<u32> = (1..31).collect();
        let mut file: Vec<u32> = (1000..1200).collect();
        file.extend(1..31);
        file.extend(2000..2200);
        let found = align(&file, &template, &[(210, 10)]).unwrap();
        assert_eq!((found.start, found.end, found.agree), (200, 230, 30));
    }

    #[test]
    fn odd_anchors_do_no_harm() {
        assert_eq!(align(&[1], &[1], &[(9, 9)]), None);
        assert_eq!(align(&[], &[], &[]), None);
        assert!(align(&[1, 2], &[1, 2], &[(1, 1), (0, 0)]).is_some());
    }
}
