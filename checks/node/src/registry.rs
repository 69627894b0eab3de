//! Registries: their configuration, and the answer of one.
//!
//! Sources: containers-registries.conf(5), the OCI distribution specification, and the exit
//! statuses of curl(1).

use toml::{Table, Value};

use crate::{Finding, Reading, Site};

/// The registry that is asked where none is configured: where docker.io really is.
const HUB: &str = "registry-1.docker.io";

/// The most files of a directory that are read.
const FILES: usize = 64;

/// How long curl may take (s).
const SECONDS: &str = "5";

/// What the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where images without a registry are looked for.
    pub search: Vec<String>,
    /// Mirrors, in order.
    pub mirrors: Vec<String>,
}

/// Reads the files that are there.
pub fn read(site: &Site<'_>) -> Reading {
    let mut dirs = vec!["/etc/containers".to_owned()];
    if let Some(home) = site.host.env("HOME") {
        dirs.push(format!("{home}/.config/containers"));
    }
    let mut paths = Vec::new();
    for dir in dirs {
        paths.push(format!("{dir}/registries.conf"));
        let parts = format!("{dir}/registries.conf.d");
        let names = site.host.list(&parts).unwrap_or_default();
        let names = names
            .iter()
            .filter(|name| name.ends_with(".conf"))
            .take(FILES);
        paths.extend(names.map(|name| format!("{parts}/{name}")));
    }
    let mut reading = paths
        .iter()
        .fold(Reading::new(), |reading, path| reading.file(site, path));
    reading.files.retain(|(_, read)| read.is_ok());
    reading
}

/// What they say together; what cannot be parsed says nothing here.
pub fn settings(reading: &Reading) -> Settings {
    let mut settings = Settings::default();
    for text in reading
        .files
        .iter()
        .filter_map(|(_, read)| read.as_ref().ok())
    {
        let Ok(table) = text.parse::<Table>() else {
            continue;
        };
        if let Some(Value::Array(search)) = table.get("unqualified-search-registries") {
            settings.search = search
                .iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect();
        }
        let registries = table.get("registry").and_then(Value::as_array);
        let mirrors = registries
            .into_iter()
            .flatten()
            .filter_map(|row| row.get("mirror")?.as_array());
        let locations = mirrors
            .flatten()
            .filter_map(|row| row.get("location")?.as_str());
        settings.mirrors.extend(locations.map(ToOwned::to_owned));
    }
    settings
}

/// The mirrors of Docker Hub, in order: those of the rows of that name.
pub fn mirrors_of_hub(reading: &Reading) -> Vec<String> {
    let texts = reading
        .files
        .iter()
        .filter_map(|(_, read)| read.as_ref().ok());
    let tables = texts.filter_map(|text| text.parse::<Table>().ok());
    let mut mirrors = Vec::new();
    for table in tables {
        for row in table
            .get("registry")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = |key: &str| row.get(key).and_then(Value::as_str);
            if name("prefix").or(name("location")) != Some("docker.io") {
                continue;
            }
            let rows = row.get("mirror").and_then(Value::as_array);
            let locations = rows.into_iter().flatten();
            mirrors.extend(
                locations.filter_map(|row| Some(row.get("location")?.as_str()?.to_owned())),
            );
        }
    }
    mirrors
}

/// Asks a registry for /v2/, where the network may be used; once, for all checks of it.
pub fn ask(site: &Site<'_>) -> Reading {
    if !site.network {
        return Reading::new();
    }
    let settings = settings(&read(site));
    let first = settings.mirrors.first().or(settings.search.first());
    // A mirror is HOST/PATH; the host is what is asked.
    let registry = first.map_or(HUB, |name| name.split('/').next().unwrap_or(HUB));
    let registry = if registry == "docker.io" {
        HUB
    } else {
        registry
    };
    let reading = Reading::new().fact("registry", registry);
    let Some(curl) = site.host.which("curl") else {
        return reading;
    };
    get(reading, site, &curl, &format!("https://{registry}/v2/"))
}

/// Asks for an address and keeps the headers of the answer alone.
pub fn get(reading: Reading, site: &Site<'_>, curl: &str, address: &str) -> Reading {
    reading.run(
        site,
        &[
            curl,
            "-sS",
            "-o",
            "/dev/null",
            "-D",
            "-",
            "--max-time",
            SECONDS,
            address,
        ],
    )
}

/// What a registry answered.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Who.
    pub registry: &'a str,
    /// The exit status of curl.
    pub curl: i32,
    /// The status of the answer; 0 without one.
    pub status: u16,
    headers: &'a str,
}

impl Answer<'_> {
    /// A header by its name, which is in lower case here.
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self.headers.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    }
}

/// The answer, or the finding where there is none.
pub fn answer<'a>(reading: &'a Reading, site: &Site<'_>) -> Result<Answer<'a>, Finding> {
    if !site.network {
        return Err(Finding::skipped("asked only with --network"));
    }
    let registry = reading
        .facts
        .first()
        .map_or("", |(_, registry)| registry.as_str());
    let Some(ran) = reading.ran.first() else {
        return Err(Finding::unknown(
            "curl is not in PATH, which asks the registry",
        ));
    };
    let Some(curl) = ran.status() else {
        return Err(Finding::unknown("curl did not end in time"));
    };
    // Behind a proxy the answer of the proxy comes first; the last one counts.
    let statuses = ran.stdout.lines().filter(|line| line.starts_with("HTTP/"));
    let mut status = statuses.filter_map(|line| line.split_whitespace().nth(1)?.parse().ok());
    let status = status.next_back();
    Ok(Answer {
        registry,
        curl,
        status: status.unwrap_or(0),
        headers: &ran.stdout,
    })
}

/// Seconds since 1970 of an HTTP date, such as `Tue, 24 Nov 2026 08:00:00 GMT`.
pub fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut words = text.split_whitespace().skip(1);
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next().filter(|word| word.len() == 3)?;
    let month = MONTHS.find(month)? as u64 / 3 + 1;
    let year: u64 = words
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..10_000).contains(year))?;
    let mut time = words
        .next()?
        .split(':')
        .map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    // Days from the civil calendar, with March as the first month of the year.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days.checked_sub(719_468)?) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    /// The status of a check that judges this answer.
    pub(crate) fn answered(
        curl: i32,
        status: &str,
        judge: fn(&Reading, &Site<'_>) -> Finding,
    ) -> &'static str {
        let mut run = ran(&["curl"], End::Exit(curl), "");
        if status != "000" {
            run.stdout = format!("HTTP/2 {status} \r\ncontent-type: text/plain\r\n\r\n");
        }
        let reading = Reading {
            ran: vec![run],
            ..Reading::new().fact("registry", "registry.example")
        };
        let host = Scripted::new();
        let mut site = Site::new(&host);
        assert_eq!(judge(&reading, &site).summary, "asked only with --network");
        site.network = true;
        judge(&reading, &site).status.as_str()
    }

    #[test]
    fn the_answer_behind_a_proxy_counts() {
        let mut run = ran(&["curl"], End::Exit(0), "");
        run.stdout = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/2 401 \r\nRateLimit-Remaining: 7;w=21600\r\n".into();
        let reading = Reading {
            ran: vec![run],
            ..Reading::new().fact("registry", "r")
        };
        let host = Scripted::new();
        let mut site = Site::new(&host);
        site.network = true;
        let answer = answer(&reading, &site).unwrap();
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("ratelimit-remaining").as_deref(),
            Some("7;w=21600")
        );
    }

    #[test]
    fn dates_are_seconds() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date("Sun, 29 Feb 2004 12:00:00 GMT"),
            Some(1_078_056_000)
        );
        assert_eq!(http_date("garbage"), None);
    }
}
