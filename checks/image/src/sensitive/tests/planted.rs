//! Secrets as they are left in images.

#![expect(clippy::too_many_lines, reason = "lists of files")]

use super::{HEX, Plant, WORDS, base64, der, noise, openssh, pem, plant, word};

/// All of them.
pub(super) fn all() -> Vec<Plant> {
    [
        keys(),
        stores(),
        hpc(),
        licenses(),
        tokens(),
        logins(),
        homes(),
        system(),
        pools(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn keys() -> Vec<Plant> {
    let encrypted = pem("RSA PRIVATE KEY", &noise(2, 600));
    let encrypted = encrypted.replacen(
        '\n',
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n",
        1,
    );
    let json = format!(
        "{{\"type\": \"service_account\", \"private_key\": \"{}\"}}",
        pem("PRIVATE KEY", &der(3)).replace('\n', "\\n")
    );
    let pgp = [b"\x95\x05\x58".to_vec(), noise(4, 500)].concat();
    let armour = pem("PGP PRIVATE KEY BLOCK", &pgp).replacen('\n', "\nVersion: GnuPG v2\n\n", 1);
    let putty = format!(
        "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAA\nPrivate-Lines: 1\n{}\n",
        base64(&noise(5, 40))
    );
    let age = format!(
        "# created\nAGE-SECRET-KEY-1{}\n",
        word(6, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")
    );
    vec![
        plant(
            "opt/app/server.key",
            pem("RSA PRIVATE KEY", &der(1)),
            "secret.private-key",
        ),
        plant("etc/ssl/private/site.pem", encrypted, "secret.private-key"),
        plant(
            "opt/app/ec.pem",
            pem("EC PRIVATE KEY", &der(2)),
            "secret.private-key",
        ),
        plant("srv/gcp.json", json, "secret.private-key"),
        plant(
            "home/u/.ssh/id_ed25519",
            pem("OPENSSH PRIVATE KEY", &openssh("none")),
            "secret.ssh-key",
        ),
        plant(
            "root/.ssh/id_rsa",
            pem("OPENSSH PRIVATE KEY", &openssh("aes256-ctr")),
            "secret.ssh-key",
        ),
        plant(
            "etc/ssh/ssh_host_rsa_key",
            pem("OPENSSH PRIVATE KEY", &openssh("none")),
            "secret.ssh-host-key",
        ),
        plant(
            "home/u/.globus/userkey.pem",
            pem("ENCRYPTED PRIVATE KEY", &der(4)),
            "secret.hpc.grid-key",
        ),
        plant(
            "tmp/x509up_u1000",
            format!(
                "{}{}",
                pem("CERTIFICATE", &der(5)),
                pem("RSA PRIVATE KEY", &der(6))
            ),
            "secret.hpc.grid-key",
        ),
        plant("home/u/secret.asc", armour, "secret.private-key"),
        plant("home/u/key.ppk", putty, "secret.putty-key"),
        plant("home/u/.config/age.txt", age, "secret.private-key"),
        plant("opt/app/key.der", key_in_der(false), "secret.der-key"),
        plant("opt/app/other", key_in_der(true), "secret.der-key"),
        plant(
            "home/u/.gnupg/private-keys-v1.d/ABCDEF.key",
            "Created: 2026\nKey: (private-key (rsa (n #00#)))\n",
            "secret.pgp-key",
        ),
        plant(
            "home/u/.apptainer/keys/pgp-secret",
            [b"\x95".to_vec(), noise(7, 300)].concat(),
            "secret.pgp-key",
        ),
    ]
}

/// A key of PKCS #1, or one of PKCS #8 for Ed25519.
fn key_in_der(is_short: bool) -> Vec<u8> {
    if is_short {
        let head = b"\x30\x2e\x02\x01\0\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        return [&head[..], &noise(8, 32)].concat();
    }
    let number = |seed, size: usize| [vec![2, 0x81, size as u8], noise(seed, size)].concat();
    let numbers: Vec<u8> = (0..8).flat_map(|seed| number(seed, 128)).collect();
    let body = [b"\x02\x01\0".to_vec(), numbers].concat();
    [&b"\x30\x82"[..], &(body.len() as u16).to_be_bytes(), &body].concat()
}

fn stores() -> Vec<Plant> {
    let entry = |tag: u8, rest: &[u8]| [&[0, 0, 0, tag, 0, 1, b'a'][..], &[0; 8], rest].concat();
    let certificate = entry(2, b"\0\x05X.509\0\0\0\x03abc");
    let store = [
        b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x02".to_vec(),
        certificate,
        entry(1, &noise(1, 90)),
    ]
    .concat();
    let bag = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
    let pkcs12 = [
        &b"\x30\x82\x09\x00\x02\x01\x03\x30\x82"[..],
        &noise(2, 60),
        bag,
        &noise(3, 300),
    ]
    .concat();
    vec![
        plant("opt/app/keystore", store, "secret.java-key-store"),
        plant("home/u/.globus/usercred.p12", &pkcs12, "secret.pkcs12"),
        plant("opt/app/identity.bin", &pkcs12, "secret.pkcs12"),
    ]
}

/// A keytab with one entry.
fn keytab() -> Vec<u8> {
    let text = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let name = [text("SITE.ORG"), text("host"), text("node1.site.org")].concat();
    let entry = [
        &[0, 2][..],
        &name,
        &[0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 18, 0, 32],
        &noise(8, 32),
    ]
    .concat();
    [&[5, 2][..], &(entry.len() as u32).to_be_bytes(), &entry].concat()
}

fn hpc() -> Vec<Plant> {
    let mut copied = plant("srv/backup/mk", noise(12, 1024), "secret.hpc.munge-key");
    copied.path = "srv/munge-backup".to_owned();
    copied.mode = 0o400;
    let cookie = b"\x01\0\0\x04node\0\x010\0\x12MIT-MAGIC-COOKIE-1\0\x100123456789abcdef";
    let mirrors = format!(
        "mirrors:\n  site:\n    url: s3://spack\n    access_pair: [AB12CD34, {}]\n",
        word(13, 40, WORDS)
    );
    let mirrors2 = format!(
        "mirrors:\n  site:\n    push:\n      access_pair:\n        id: x\n        secret: {}\n",
        word(14, 30, WORDS)
    );
    let globus = [
        &b"SQLite format 3\0"[..],
        &noise(15, 100),
        b"{\"refresh_token\": \"Ag\"}",
    ]
    .concat();
    let slurm_token = {
        use base64::Engine;
        let part = |text: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "export SLURM_JWT={}.{}.{}\n",
            part(br#"{"alg":"HS256","typ":"JWT"}"#),
            part(br#"{"exp":2000000000,"sun":"u"}"#),
            part(&noise(16, 32))
        )
    };
    vec![
        plant(
            "etc/munge/munge.key",
            noise(10, 1024),
            "secret.hpc.munge-key",
        ),
        plant("root/munge.key.bak", noise(11, 128), "secret.hpc.munge-key"),
        copied,
        plant(
            "var/spool/slurm/statesave/jwt_hs256.key",
            noise(17, 32),
            "secret.hpc.slurm-key",
        ),
        plant(
            "etc/slurm/slurm.key",
            noise(18, 1024),
            "secret.hpc.slurm-key",
        ),
        plant(
            "etc/slurm/slurm.jwks",
            r#"{"keys":[{"alg":"HS256","kty":"oct","k":"bXlzZWNyZXQ"}]}"#,
            "secret.hpc.slurm-key",
        ),
        plant(
            "etc/slurm/slurmdbd.conf",
            "DbdHost=localhost\nStoragePass=Mp7kQ9zz\n",
            "secret.hpc.database-password",
        ),
        plant("etc/krb5.keytab", keytab(), "secret.hpc.keytab"),
        plant("opt/app/service.kt", keytab(), "secret.hpc.keytab"),
        plant(
            "tmp/krb5cc_1000",
            [b"\x05\x04\0\x0c".to_vec(), noise(19, 400)].concat(),
            "secret.hpc.kerberos-tickets",
        ),
        plant("root/.Xauthority", cookie, "secret.hpc.x11-cookie"),
        plant(
            "home/u/.spack/mirrors.yaml",
            mirrors,
            "secret.hpc.spack-mirror",
        ),
        plant(
            "opt/spack/etc/spack/mirrors.yaml",
            mirrors2,
            "secret.hpc.spack-mirror",
        ),
        plant(
            "home/u/.globus/cli/storage.db",
            globus,
            "secret.hpc.globus-token",
        ),
        plant("home/u/job.sh", slurm_token, "secret.jwt"),
        plant(
            "etc/beegfs/conn.auth",
            noise(20, 256),
            "secret.hpc.file-system-key",
        ),
        plant(
            "etc/ceph/ceph.client.admin.keyring",
            format!("[client.admin]\n\tkey = AQ{}==\n", word(21, 36, WORDS)),
            "secret.hpc.ceph-key",
        ),
        plant(
            "srv/jupyterhub/jupyterhub_cookie_secret",
            word(22, 64, HEX),
            "secret.hpc.jupyter",
        ),
        plant(
            "home/u/.local/share/jupyter/runtime/jpserver-12.json",
            format!("{{\"port\": 8888, \"token\": \"{}\"}}", word(23, 48, HEX)),
            "secret.hpc.jupyter",
        ),
        plant(
            "home/u/.apptainer/remote.yaml",
            format!("Remotes:\n  Cloud:\n    Token: {}\n", word(24, 60, WORDS)),
            "secret.hpc.apptainer-token",
        ),
    ]
}

fn licenses() -> Vec<Plant> {
    let sign = word(30, 12, "0123456789ABCDEF");
    let increment = format!(
        "# site\nINCREMENT Comp_C INTEL 2024.0331 permanent 5 \\\n\tISSUED=01-jan-2024 SIGN=\"{sign} {sign}\"\n"
    );
    let old = format!(
        "SERVER lic1 0017a4000001 27000\nDAEMON MLM\nFEATURE MATLAB MLM 44 01-jan-2030 10 {sign} USER\n"
    );
    vec![
        plant(
            "opt/intel/licenses/compiler.lic",
            &increment,
            "secret.hpc.license-file",
        ),
        plant(
            "opt/vendor/license.dat",
            "SERVER lic.site.org 0017A4000001 27000\nUSE_SERVER\n",
            "secret.hpc.license-file",
        ),
        plant(
            "usr/local/MATLAB/R2023b/licenses/network.lic",
            old,
            "secret.hpc.license-file",
        ),
        plant(
            "opt/gurobi/gurobi.lic",
            format!("TYPE=ACADEMIC\nHOSTID=ab12\nKEY={}\n", word(31, 8, HEX)),
            "secret.hpc.license-file",
        ),
        plant(
            "ansys_inc/shared_files/licensing/ansyslmd.ini",
            "SERVER=1055@lic.site.org\n",
            "secret.hpc.license-file",
        ),
        plant(
            "srv/notes",
            format!("my licence\n{increment}"),
            "secret.hpc.license-file",
        ),
    ]
}

fn tokens() -> Vec<Plant> {
    let token = |text: String| format!("x: \"{text}\"\n");
    let of = |prefix: &str, seed, count| token(format!("{prefix}{}", word(seed, count, WORDS)));
    let pypi = format!("pypi-AgEIcHlwaS5vcmc{}", word(40, 140, WORDS));
    let hook = format!(
        "https://hooks.slack.com/services/T{}/B{}/{}",
        word(41, 9, "ABC123"),
        word(42, 9, "ABC123"),
        word(43, 24, WORDS)
    );
    let s3 = format!("aws_secret_access_key = {}\n", word(44, 40, WORDS));
    let azure = format!(
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;\n",
        word(45, 86, WORDS)
    );
    [
        token(["ghp_zQWBuTSOoRi4A9spHcVY5n", "cnsDkxkJ0mLq17"].concat()),
        of("github_pat_", 46, 82),
        of("glpat-", 47, 20),
        token(format!(
            "AKIA{}",
            word(48, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        )),
        of("AIza", 49, 35),
        of("xoxb-", 50, 50),
        of("hf_", 51, 34),
        token(pypi),
        token(hook),
        of("dckr_pat_", 52, 27),
        of("sk-ant-", 53, 95),
        of("nvapi-", 54, 64),
        of("hvs.", 55, 90),
    ]
    .into_iter()
    .enumerate()
    .map(|(place, text)| plant(&format!("opt/app/settings{place}"), text, "secret.token"))
    .chain([
        plant("opt/app/a.py", s3, "secret.s3-credentials"),
        plant("opt/app/b.ini", azure, "secret.s3-credentials"),
        plant(
            "home/u/.condarc",
            format!(
                "channels:\n  - https://conda.site.org/t/{}/main\n",
                word(56, 36, HEX)
            ),
            "secret.conda-token",
        ),
    ])
    .collect()
}

fn logins() -> Vec<Plant> {
    let auth = base64(b"user:hunter22x");
    vec![
        plant(
            "root/.docker/config.json",
            format!("{{\"auths\": {{\"reg.site.org\": {{\"auth\": \"{auth}\"}}}}}}"),
            "secret.registry-login",
        ),
        plant(
            "run/containers/0/auth.json",
            format!("{{\"auths\": {{\"quay.io\": {{\"auth\": \"{auth}\"}}}}}}"),
            "secret.registry-login",
        ),
        plant(
            "home/u/.config/enroot/.credentials",
            "machine nvcr.io login $oauthtoken password Zk3jQ8pLx2\n",
            "secret.registry-login",
        ),
        plant(
            "home/u/.netrc",
            "machine api.wandb.ai\n  login user\n  password 0f3c9a7e5b1d2846\n",
            "secret.hpc.netrc",
        ),
        plant(
            "root/.netrc",
            "machine urs.earthdata.nasa.gov login u password Gj3kd9x\n",
            "secret.hpc.netrc",
        ),
        plant(
            "home/u/.pgpass",
            "db.site.org:5432:*:acct:Tz8kQp2m\n",
            "secret.hpc.database-password",
        ),
        plant(
            "root/.my.cnf",
            "[client]\nuser=root\npassword=\"Rk2m9xQ\"\n",
            "secret.hpc.database-password",
        ),
        plant(
            "home/u/.git-credentials",
            format!("https://u:{}@git.site.org\n", word(60, 20, WORDS)),
            "secret.url-password",
        ),
        plant(
            "etc/pip.conf",
            format!(
                "[global]\nindex-url = https://u:{}@pypi.site.org/simple\n",
                word(61, 12, WORDS)
            ),
            "secret.url-password",
        ),
        plant(
            "home/u/.npmrc",
            format!("//npm.site.org/:_authToken={}\n", word(62, 30, WORDS)),
            "secret.package-login",
        ),
        plant(
            "opt/setup",
            format!("echo //npm.site.org/:_authToken={}\n", word(67, 36, WORDS)),
            "secret.package-login",
        ),
        plant(
            "home/u/.pypirc",
            "[pypi]\nusername = u\npassword = Xk29dmQpa\n",
            "secret.package-login",
        ),
        plant(
            "home/u/.cargo/credentials.toml",
            format!("[registry]\ntoken = \"{}\"\n", word(63, 32, WORDS)),
            "secret.package-login",
        ),
        plant(
            "root/.m2/settings.xml",
            "<settings>\n <password>Qz82kdLp</password>\n</settings>\n",
            "secret.package-login",
        ),
        plant(
            "home/u/.kube/config",
            "apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: Kd83jdQpLz92\n",
            "secret.kubeconfig",
        ),
        plant(
            "home/u/k.yaml",
            format!(
                "    client-key-data: {}\n",
                base64(pem("RSA PRIVATE KEY", &der(7)).as_bytes())
            ),
            "secret.kubeconfig",
        ),
        plant("srv/k.b64", wrapped(76, "\n"), "secret.private-key"),
        plant("srv/k64.b64", wrapped(64, "\r\n"), "secret.private-key"),
        plant(
            "opt/secret.yaml",
            format!("data:\n  key: |\n    {}\n", wrapped(76, "\n    ")),
            "secret.private-key",
        ),
        plant(
            "opt/secret.json",
            format!("{{\"key\": \"{}\"}}\n", wrapped(76, "\\n")),
            "secret.private-key",
        ),
        plant(
            "home/u/.aws/credentials",
            format!(
                "[default]\naws_secret_access_key = {}\n",
                word(64, 40, WORDS)
            ),
            "secret.s3-credentials",
        ),
        plant(
            "home/u/.s3cfg",
            format!("[default]\nsecret_key = {}\n", word(65, 40, WORDS)),
            "secret.s3-credentials",
        ),
        plant(
            "home/u/.config/rclone/rclone.conf",
            format!("[site]\ntype = sftp\npass = {}\n", word(66, 22, WORDS)),
            "secret.hpc.rclone",
        ),
    ]
}

fn homes() -> Vec<Plant> {
    vec![
        plant(
            "home/u/.cdsapirc",
            format!(
                "url: https://cds.climate.copernicus.eu/api\nkey: {}\n",
                word(70, 36, HEX)
            ),
            "secret.hpc.data-service-key",
        ),
        plant(
            "home/u/.ecmwfapirc",
            format!(
                "{{\"url\": \"https://api.ecmwf.int/v1\", \"key\": \"{}\", \"email\": \"a@b.c\"}}",
                word(71, 32, HEX)
            ),
            "secret.hpc.data-service-key",
        ),
        plant(
            "home/u/.kaggle/kaggle.json",
            format!("{{\"username\":\"u\",\"key\":\"{}\"}}", word(72, 32, HEX)),
            "secret.hpc.data-service-key",
        ),
        plant(
            "home/u/.bashrc",
            format!(
                "alias ll='ls -l'\nexport WANDB_API_KEY={}\n",
                word(73, 40, HEX)
            ),
            "secret.variable",
        ),
        plant(
            "root/.tcshrc",
            format!("setenv MY_TOKEN {}\n", word(74, 30, WORDS)),
            "secret.variable",
        ),
        plant(
            "opt/app/.env",
            "DB_HOST=db\nDB_PASSWORD='Wq92kdPl'\n",
            "secret.variable",
        ),
        plant(
            "root/.bash_history",
            "ls\nmysql -u root -pKd92jQpz\nexit\n",
            "secret.history",
        ),
        plant(
            "home/u/.zsh_history",
            format!(": 1700000000:0;export HF_TOKEN={}\n", word(75, 30, WORDS)),
            "secret.history",
        ),
        plant(
            "home/u/.vault_pass",
            "Kd93jQpLz2mX\n",
            "secret.ansible-vault-password",
        ),
        plant(
            "home/u/.cache/huggingface/token",
            word(76, 37, WORDS),
            "secret.cloud-login",
        ),
        plant(
            "home/u/.config/gcloud/application_default_credentials.json",
            format!(
                "{{\n \"refresh_token\": \"1//{}\",\n}}",
                word(77, 60, WORDS)
            ),
            "secret.cloud-login",
        ),
        plant(
            "home/u/.config/openstack/clouds.yaml",
            "clouds:\n  site:\n    auth:\n      password: Jd82kdQz\n",
            "secret.cloud-login",
        ),
        plant(
            "home/u/.smbcredentials",
            "username=u\npassword=Pz72kdmQ\n",
            "secret.cloud-login",
        ),
        plant(
            "home/u/.config/hub",
            format!(
                "github.com:\n- user: u\n  oauth_token: {}\n",
                word(78, 40, HEX)
            ),
            "secret.version-control-login",
        ),
    ]
}

fn system() -> Vec<Plant> {
    vec![
        plant(
            "etc/shadow",
            format!(
                "daemon:*:1:::::\nroot:$6$abcdefgh${}:1:::::\n",
                word(80, 86, WORDS)
            ),
            "secret.password-hash",
        ),
        plant(
            "etc/shadow-",
            format!("u:!$y$j9T$abc${}:1:::::\n", word(81, 43, WORDS)),
            "secret.password-hash",
        ),
        plant(
            "etc/sssd/sssd.conf",
            "[domain/x]\nldap_default_authtok = Kd82jQzz\n",
            "secret.hpc.directory-password",
        ),
        plant(
            "etc/nslcd.conf",
            "uri ldap://a\nbindpw Kd82jQzz\n",
            "secret.hpc.directory-password",
        ),
        plant(
            "etc/wireguard/wg0.conf",
            format!("[Interface]\nPrivateKey = {}\n", base64(&noise(82, 32))),
            "secret.wireguard-key",
        ),
    ]
}

fn pools() -> Vec<Plant> {
    let state = |field: &str, kind: &str| {
        let value = word(71, 14, WORDS);
        format!(
            "{{\"version\": 4, \"resources\": [\n{{\"type\": \"{kind}\",\n\"attributes\": \
             {{\n\"{field}\": \"{value}\",\n\"username\": \"app\"\n}}}}]}}\n"
        )
    };
    let (condor, terraform) = ("secret.hpc.condor-password", "secret.terraform-state");
    let settings = "secret.settings-password";
    vec![
        plant("etc/condor/passwords.d/POOL", noise(72, 64), condor),
        plant("var/lib/condor/pool_password", noise(73, 256), condor),
        plant(
            "root/.irods/.irodsA",
            ".aXx]S|Kq`yd6nd%",
            "secret.hpc.irods-password",
        ),
        plant(
            "root/.git-credentials",
            "https://bob:Kd93jQpLz2mX@gitserver.site.org\n",
            "secret.version-control-login",
        ),
        plant(
            "opt/infra/terraform.tfstate",
            state("password", "aws_db_instance"),
            terraform,
        ),
        plant(
            "opt/infra/terraform.tfstate.backup",
            state("result", "random_password"),
            terraform,
        ),
        plant(
            "etc/app/app.conf",
            "[db]\ndb_password = \"Kd93jQpLz2mX\"\n",
            settings,
        ),
        plant(
            "etc/app/app.yaml",
            "db:\n  db_password: Kd93jQpLz2mX\n",
            settings,
        ),
        plant(
            "etc/app.ini",
            "app_db_password=Tq7wXz93kLpV ; of the site\n",
            settings,
        ),
    ]
}

/// A key in its frame in base64, as base64(1) wraps it.
fn wrapped(columns: usize, end: &str) -> String {
    let base64 = base64(pem("RSA PRIVATE KEY", &der(7)).as_bytes());
    let lines = base64.as_bytes().chunks(columns);
    let lines: Vec<String> = lines
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    lines.join(end)
}
