//! Files that look like secrets and are none, and clues.

#![expect(clippy::too_many_lines, reason = "lists of files")]

use super::{HEX, Plant, WORDS, base64, der, noise, openssh, pem, plant, word};

/// Files of which nothing may be told.
pub(super) fn all() -> Vec<Plant> {
    [keys(), forms(), settings(), system(), pools()]
        .into_iter()
        .flatten()
        .collect()
}

/// Files of which only a clue may be told.
pub(super) fn clues() -> Vec<(&'static str, Vec<u8>)> {
    let key = pem("RSA PRIVATE KEY", &der(1)).into_bytes();
    let wrong = format!("token = ghp_{}\n", word(2, 36, WORDS));
    vec![
        ("usr/lib/python3.11/test/certdata/keycert.pem", key.clone()),
        (
            "opt/conda/lib/python3.11/site-packages/tornado/test/test.key",
            key.clone(),
        ),
        ("usr/share/doc/openssl/demos/certs/ca.pem", key.clone()),
        ("root/go/pkg/mod/x/testdata/key.pem", key.clone()),
        ("etc/ssl/private/ssl-cert-snakeoil.key", key.clone()),
        ("opt/x/examples/server.pem", key),
        ("opt/app/settings", wrong.into_bytes()),
        (
            "home/u/.ssh/known_hosts",
            b"login.site.org ssh-ed25519 AAAA\n".to_vec(),
        ),
        ("home/u/.bash_history", b"ls\ncd /scratch\n".to_vec()),
    ]
}

fn keys() -> Vec<Plant> {
    let certificate = pem("CERTIFICATE", &der(1));
    let truststore = [
        &b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x01a"[..],
        &[0; 8],
        b"\0\x05X.509\0\0\0\x03abc",
    ]
    .concat();
    let pkcs12 = [&b"\x30\x82\x09\x00\x02\x01\x03\x30\x82"[..], &noise(2, 400)].concat();
    vec![
        plant(
            "etc/ssl/certs/ca-certificates.crt",
            certificate.repeat(3),
            "",
        ),
        plant("etc/ssl/certs/java/cacerts", truststore, ""),
        plant("opt/jdk/lib/security/cacerts", pkcs12, ""),
        plant(
            "usr/lib/python3/pem.py",
            "BEGIN = '-----BEGIN RSA PRIVATE KEY-----'\nEND = '-----END RSA PRIVATE KEY-----'\n",
            "",
        ),
        plant(
            "usr/include/openssl/pem.h",
            "# define PEM_STRING_RSA \"RSA PRIVATE KEY\"\n",
            "",
        ),
        plant(
            "opt/notes.md",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
            "",
        ),
        plant(
            "opt/notes2.md",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA...\n",
            "",
        ),
        plant(
            "home/u/.ssh/id_rsa.pub",
            format!("ssh-rsa {} u@h\n", base64(&noise(3, 300))),
            "",
        ),
        plant(
            "home/u/.ssh/authorized_keys",
            format!("ssh-ed25519 {} u@h\n", base64(&noise(4, 40))),
            "",
        ),
        plant(
            "etc/ssh/ssh_host_rsa_key.pub",
            format!("ssh-rsa {}\n", base64(&noise(5, 300))),
            "",
        ),
        plant(
            "usr/share/keyrings/debian-archive-keyring.gpg",
            [b"\x99\x02\x0d".to_vec(), noise(6, 500)].concat(),
            "",
        ),
        plant(
            "opt/key.asc",
            pem("PGP PUBLIC KEY BLOCK", &noise(7, 400)),
            "",
        ),
        plant("opt/public.pem", pem("PUBLIC KEY", &der(8)), ""),
        plant(
            "opt/public.b64",
            base64(pem("CERTIFICATE", &der(8)).as_bytes())
                .as_bytes()
                .chunks(76)
                .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
                .collect::<String>(),
            "",
        ),
        plant("opt/params.pem", pem("DH PARAMETERS", &der(9)), ""),
        plant("opt/age.txt", "AGE-SECRET-KEY-1 is how it begins\n", ""),
        plant(
            "usr/lib/libcrypto.so",
            [
                b"\x7fELF\x02\x01\x01\0".to_vec(),
                pem("RSA PRIVATE KEY", &der(10)).into_bytes(),
            ]
            .concat(),
            "",
        ),
        plant(
            "opt/x.der",
            [b"\x30\x82\x03\x21".to_vec(), noise(11, 800)].concat(),
            "",
        ),
        plant(
            "opt/data.bin",
            [b"\x05\x02".to_vec(), noise(12, 500)].concat(),
            "",
        ),
        plant("var/lib/systemd/random-seed", noise(13, 1024), ""),
        plant("usr/share/x/table.bin", noise(14, 1024), ""),
        plant(
            "usr/share/x/small.gz",
            [b"\x1f\x8b\x08".to_vec(), noise(15, 1021)].concat(),
            "",
        ),
        plant(
            "opt/openssh.rs",
            format!(
                "const MAGIC: &str = \"openssh-key-v1\"; // {}\n",
                base64(&openssh("none")[..20])
            ),
            "",
        ),
    ]
}

fn forms() -> Vec<Plant> {
    let texts = [
        "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n".to_owned(),
        "def hf_transformer_model_forward_attention_mask(self): pass\n".to_owned(),
        "npm_config_registry_and_other_settings_of_npm=1\n".to_owned(),
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".to_owned(),
        "glpat-xxxxxxxxxxxxxxxxxxxx\n".to_owned(),
        "xoxb-your-token-here-your-token-here\n".to_owned(),
        "sk-ant-your-key\n".to_owned(),
        "see https://user:password@example.com/path\n".to_owned(),
        "http://user:pass@host:8080 or ftp://user:secret@server/\n".to_owned(),
        "git clone https://${USER}:${TOKEN}@git.site.org/x\n".to_owned(),
        "postgresql://scott:tiger@localhost:5432/mydatabase\n".to_owned(),
        "mailto://a:b@c http://[::1]:80/ https://x.org:443/a@b\n".to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.\n".to_owned(),
        "eyJub3QiOiJhIHRva2VuIn0 is no token\n".to_owned(),
        "export AWS_SECRET_ACCESS_KEY=<your key>\naws_secret_access_key = os.environ['K']\n"
            .to_owned(),
        "class Credentials: aws_secret_access_key: Optional[str] = None\n".to_owned(),
        format!("integrity sha512-{}\n", base64(&noise(1, 64))),
        format!("sha256:{}\n", word(2, 64, HEX)),
        "https://host.org/t/topic/12345 and /usr/t/x\n".to_owned(),
        "FEATURE FLAGS OF THIS PROGRAM\n\nFEATURE list\nINCREMENT x by one\n".to_owned(),
        "the INCREMENT keyword\nINCREMENT counter BY 1 UNTIL done is 12 then stop\n".to_owned(),
        "AccountKey=abc; DefaultEndpointsProtocol=https\n".to_owned(),
        "PuTTY-User-Key-File-2: is the header of such files\n".to_owned(),
        "PrivateKey = field(default=None)\n".to_owned(),
        "client-key-data: REDACTED\n".to_owned(),
        format!("uuid {}\n", word(3, 32, HEX)),
        "dapibus ac facilisis in, egestas eget quam dapi0123\n".to_owned(),
        "const CIO = 'ciobanu'; SG.Window; cio_read_write_something_else_here()\n".to_owned(),
    ];
    let file =
        |(place, text): (usize, String)| plant(&format!("opt/app/file{place}.txt"), text, "");
    texts.into_iter().enumerate().map(file).collect()
}

fn settings() -> Vec<Plant> {
    vec![
        plant(
            "root/.docker/config.json",
            r#"{"auths": {"reg.site.org": {}}, "credsStore": "pass"}"#,
            "",
        ),
        plant(
            "opt/model/config.json",
            r#"{"model_type": "bert", "auth": "none"}"#,
            "",
        ),
        plant("opt/app/auth.json", r#"{"users": []}"#, ""),
        plant(
            "home/u/.netrc",
            "machine api.site.org login user password <password>\n",
            "",
        ),
        plant(
            "usr/share/x/netrc",
            "# machine a login b password Kd92jQpz\n",
            "",
        ),
        plant(
            "home/u/.pgpass",
            "# hostname:port:database:username:password\n",
            "",
        ),
        plant(
            "etc/mysql/my.cnf",
            "[client]\n# password = your_password\nport = 3306\n",
            "",
        ),
        plant(
            "home/u/.npmrc",
            "//npm.site.org/:_authToken=${NPM_TOKEN}\nregistry=https://npm.site.org/\n",
            "",
        ),
        plant("home/u/.condarc", "channels:\n  - conda-forge\n", ""),
        plant(
            "opt/spack/etc/spack/defaults/mirrors.yaml",
            "mirrors:\n  spack-public:\n    binary: false\n    url: https://mirror.spack.io\n",
            "",
        ),
        plant(
            "home/u/.bashrc",
            "export PATH=$PATH:/opt/bin\nexport SSH_AUTH_SOCK=/run/x\nexport GPG_KEY=A035C8C1\n# export TOKEN=Kd92jQpzKd92\n",
            "",
        ),
        plant(
            "opt/app/.env",
            "DB_PASSWORD=changeme\nAPI_KEY=\nSECRET_KEY=${SECRET}\n",
            "",
        ),
        plant("etc/environment", "PATH=\"/usr/bin\"\n", ""),
        plant(
            "root/.aws/credentials",
            "[default]\nrole_arn = arn:aws:iam::1:role/x\n",
            "",
        ),
        plant(
            "home/u/.cdsapirc",
            "url: https://cds.climate.copernicus.eu/api\nkey: <PERSONAL-ACCESS-TOKEN>\n",
            "",
        ),
        plant(
            "usr/lib/python3/dist-packages/gh/hosts.yml",
            "hosts: []\n",
            "",
        ),
        plant("opt/x/tokenizer/token", "a token\n", ""),
        plant(
            "root/.config/rclone/rclone.conf",
            "[site]\ntype = sftp\nhost = login\n",
            "",
        ),
        plant(
            "opt/doc/license.txt",
            "MIT License\nSERVER SIDE PUBLIC LICENSE text\n",
            "",
        ),
        plant(
            "opt/x/license.lic",
            "This software is licensed to everybody.\n",
            "",
        ),
        plant("home/u/.globus/client-id.txt", "abc\n", ""),
    ]
}

fn system() -> Vec<Plant> {
    vec![
        plant(
            "etc/shadow",
            "root:*:19000:0:99999:7:::\ndaemon:!:19000::::::\nu:!!:1:::::\n",
            "",
        ),
        plant("etc/gshadow", "root:*::\n", ""),
        plant(
            "etc/sssd/sssd.conf",
            "[domain/x]\nid_provider = ldap\nldap_default_authtok_type = password\n",
            "",
        ),
        plant(
            "etc/slurm/slurmdbd.conf",
            "DbdHost=localhost\n#StoragePass=Kd92jQpz\n",
            "",
        ),
        plant(
            "etc/ssh/ssh_known_hosts",
            "github.com ssh-ed25519 AAAA\n|1|abc|def ssh-rsa AAAA\n",
            "",
        ),
        plant(
            "etc/krb5.conf",
            "[libdefaults]\ndefault_realm = SITE.ORG\n",
            "",
        ),
        plant(
            "usr/share/munge/README",
            "munge.key is made by mungekey\n",
            "",
        ),
        plant("etc/munge/munge.key", "", ""),
    ]
}

fn pools() -> Vec<Plant> {
    let short = [&b"\x30\x82\x01\x02\x02\x01\0"[..], &noise(81, 255)].concat();
    let certificate = [
        &b"\x30\x82\x02\x08\x30\x82\x01\xf0\xa0\x03\x02\x01\x02"[..],
        &noise(82, 511),
    ]
    .concat();
    vec![
        plant("opt/app/data.key", short, ""),
        plant("etc/ssl/site.der", certificate, ""),
        plant("usr/share/zoneinfo/POOL", "nothing", ""),
        plant("root/.irods/.irodsA", "", ""),
        plant(
            "root/.git-credentials",
            "https://bob@gitserver.site.org\n",
            "",
        ),
        plant(
            "etc/aws/credentials",
            "https://bob:Kd93jQpLz2mX@server.org\n",
            "",
        ),
        plant(
            "opt/infra/terraform.tfstate",
            "{\"attributes\": {\n\"password\": null,\n\"manage_master_user_password\": true,\n\
             \"token\": \"<sensitive>\"\n}}\n",
            "",
        ),
        plant(
            "etc/app/app.conf",
            "# db_password = Kd93jQpLz2mX\ndb_password =\ndb_password = ${DB_PASSWORD}\n\
             db_password_file = /run/secrets/db\ndb_pass = changeme\n",
            "",
        ),
        plant("opt/app/db.py", "db_password = \"Kd93jQpLz2mX\"\n", ""),
        plant(
            "opt/app/schema.json",
            "{\"db_password\": {\"type\": \"string\"}, \"admin_password\": \"env('X')\"}\n",
            "",
        ),
    ]
}
