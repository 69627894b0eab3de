//! How the files of an image, a directory or a host are read: the options that they share.

use std::env;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use hpcctl_image::{CATALOGERS, DiffIds, LicenseFiles, Options, package_types};
use hpcctl_reports::Output;

use crate::failure::Failure;
use crate::ui::Ui;

/// How files are read.
#[derive(Debug, Args)]
pub struct Reading {
    /// In which files licences are looked for [default: full; of a host: declared]
    ///
    /// declared is the quick way in another respect, too: where the stored bytes of a layer have
    /// the digest that the manifest promises, that of the plain layer is taken as the image says.
    #[arg(long, value_name = "WHICH")]
    licenses: Option<Licenses>,
    /// Run only these catalogers (hpcctl scan catalogers lists them), or find only packages of a
    /// purl type
    ///
    /// A type, such as deb or pypi, stands for its packages, whichever catalogers find them.
    /// os-release runs, too, since it names the distribution. The report tells which catalogers
    /// did not run, and its verdict is undetermined at best.
    #[arg(long, value_name = "CATALOGER", value_delimiter = ',', hide_possible_values = true, value_parser = catalogers())]
    select: Vec<String>,
    /// Do not run these catalogers, or leave out packages of a purl type
    ///
    /// Files that only their packages own count as owned by none.
    #[arg(long, value_name = "CATALOGER", value_delimiter = ',', hide_possible_values = true, value_parser = catalogers())]
    exclude: Vec<String>,
    /// List the files of each package, in json and jsonl
    ///
    /// A file that several packages claim is listed with each. Bills of materials have how many
    /// there are.
    #[arg(long)]
    files: bool,
    /// Leave out these paths and all that is below them; repeatable
    ///
    /// In a glob, * stays in one directory and ** does not. The scan is complete when all the
    /// rest was read; the report tells what was left out, and its verdict is undetermined at best.
    #[arg(long, value_name = "GLOB")]
    exclude_path: Vec<String>,
    /// Keep what layers held, and read only layers that are new [default DIR: hpcctl in the
    /// user's cache]
    #[arg(
        long,
        value_name = "DIR",
        num_args = 0..=1,
        require_equals = true
    )]
    #[expect(
        clippy::option_option,
        reason = "clap's way of an option with or without a value"
    )]
    cache: Option<Option<PathBuf>>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Licenses {
    /// Only in package metadata and files named after a licence
    Declared,
    /// In every text file
    Full,
}

/// The names that --select and --exclude take.
fn catalogers() -> PossibleValuesParser {
    let ids = CATALOGERS.iter().map(|cataloger| cataloger.id);
    PossibleValuesParser::new(ids.chain(package_types()))
}

impl Reading {
    /// Tells where the files of packages are asked for and no output has them.
    pub fn warn_of_files(&self, outputs: &[Output], ui: &Ui) {
        let has_files = |output: &Output| ["json", "jsonl"].contains(&output.format.name);
        if self.files && !outputs.iter().any(has_files) {
            ui.warn("--files lists nothing here: only json and jsonl have the files of packages");
        }
    }

    /// Whether the user asked for this glob of paths to be left out.
    pub fn leaves_out(&self, glob: &str) -> bool {
        self.exclude_path.iter().any(|asked| asked == glob)
    }

    /// The options of a scan; `licenses` where nothing was said of them.
    pub fn options(&self, licenses: LicenseFiles) -> Result<Options, Failure> {
        let licenses = match self.licenses {
            None => licenses,
            Some(Licenses::Declared) => LicenseFiles::Declared,
            Some(Licenses::Full) => LicenseFiles::Full,
        };
        Ok(Options {
            licenses,
            diff_ids: match licenses {
                LicenseFiles::Declared => DiffIds::Promised,
                LicenseFiles::Full => DiffIds::Checked,
            },
            cache: self
                .cache
                .as_ref()
                .map(|given| cache_directory(given.as_deref()))
                .transpose()?,
            select: self.select.clone(),
            exclude: self.exclude.clone(),
            exclude_paths: self.exclude_path.clone(),
            lists_files: self.files,
            ..Options::default()
        })
    }
}

/// The directory of the cache: the one given, or the user's (XDG Base Directory Specification).
fn cache_directory(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let set = |name: &str| env::var_os(name).filter(|value| Path::new(value).is_absolute());
    let base = set("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(Path::new(&set("HOME")?).join(".cache")));
    let base = base.ok_or_else(|| {
        Failure::usage("cannot tell where the cache is: neither XDG_CACHE_HOME nor HOME is an absolute path; use --cache=DIR")
    })?;
    Ok(base.join("hpcctl"))
}
