"""servers - dozo and what people would use instead, each started in a throw-away
folder on a port of its own with a configuration file of its own, and stopped."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = "a bench password"
FILES_MAX = 16384
APACHE_MODULES = "/usr/lib/apache2/modules"


def die(text):
    sys.exit(f"bench: {text}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(process, port, log):
    """A server that is not dozo does not say when it listens."""
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    die(f"{process.args[0]} does not listen:\n{open(log, encoding='utf-8').read()[-2000:]}")


class Server:
    """Begun by "with"; load() drives it. Its folder goes at the end."""
    name = ""
    base = "/"  # of folders that can be made
    user = "admin"

    def __init__(self, build, place, tls=None):
        self.build = build
        self.tls = tls  # folder with server.crt, server.key, ca.crt
        self.root = tempfile.mkdtemp(prefix="dozo-bench-", dir=place)
        self.log = os.path.join(self.root, "log")
        self.process = None
        self.port = None

    def begin(self):
        raise NotImplementedError

    def path(self, *names):
        return os.path.join(self.root, *names)

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def run(self, arguments, **more):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(arguments, stderr=log, text=True, **more)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __exit__(self, *what):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def load(self, mode, connections=1, count=1, size=4096, seconds=30, base="", first=0):
        done = subprocess.run(
            [os.path.join(self.build, "bench", "load"), "-C", self.tls + "/ca.crt", "-u",
             f"{self.user}:{PASSWORD}", "-p", str(self.port), "-P", str(self.process.pid),
             "-c", str(connections), "-f", str(first), "-n", str(count), "-s", str(size),
             "-t", str(seconds), "-b", self.base + base, mode],
            stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            tail = open(self.log, encoding="utf-8").read()[-1500:]
            die(f"{self.name}: {mode} failed; the server's last words:\n{tail}")
        return json.loads(done.stdout)

    def folders(self, base):
        """base itself, sixteen folders in it, and list/."""
        self.load("folders", count=18, base=base)


class Dozo(Server):
    """Two directory sites; both must have what counts as stored. program: "dozo", or
    one of the bench's own that serves what dozo made."""
    name = "dozo"
    base = "/dav/Company/"
    user = "admin@bench"

    def __init__(self, build, place, program="dozo"):
        super().__init__(build, place)
        self.dozo = os.path.join(build, "dozo")
        self.program = os.path.join(build, program)
        self.dir = self.path("dir")
        self.tls = self.path("dir", "tls")

    def command(self, *arguments, text=None):
        done = subprocess.run([self.dozo, *arguments], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            die(f"dozo {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def tenant_add(self, name):
        self.command("tenant", "add", self.dir, name, "--lang", "en", "--admin", "admin",
                     "--password-stdin", text=PASSWORD + "\n")

    def begin(self):
        sites = [f"{name}=dir:{self.path(name)}" for name in ("a", "b")]
        self.command("init", self.dir, "--site", sites[0], "--site", sites[1],
                     "--min-sites", "2")
        self.tenant_add("bench")
        self.serve()

    def serve(self):
        self.run([self.program, "serve", self.dir, "--listen", "127.0.0.1:0"],
                 stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            die(f"dozo serve: {open(self.log, encoding='utf-8').read()[-2000:]}")
        self.port = int(line.rstrip().rsplit(":", 1)[1])


class Peer(Server):
    """Its files are in root/data, of the folder that the URL's root is."""

    def __init__(self, build, place, tls):
        super().__init__(build, place, tls)
        os.chmod(self.root, 0o755)
        os.mkdir(self.path("data"))

    def config(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def await_start(self):
        await_port(self.process, self.port, self.log)


class Nginx(Peer):
    """Debian's, unpacked by ./dev below build/peers, never installed."""
    name = "nginx"

    def begin(self):
        peers = os.path.join(os.path.dirname(self.build), "peers")
        self.port = free_port()
        self.config("users", f"{self.user}:{{PLAIN}}{PASSWORD}\n")
        user = "user root;" if os.geteuid() == 0 else ""
        conf = self.config("nginx.conf", f"""
daemon off; {user} pid {self.root}/pid; error_log {self.log} error;
worker_processes auto; worker_rlimit_nofile {FILES_MAX};
load_module {peers}/usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
events {{ worker_connections {FILES_MAX}; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_max_body_size 0; client_body_temp_path {self.root}/body;
  proxy_temp_path {self.root}/proxy; fastcgi_temp_path {self.root}/fastcgi;
  uwsgi_temp_path {self.root}/uwsgi; scgi_temp_path {self.root}/scgi;
  server {{
    listen 127.0.0.1:{self.port} ssl;
    ssl_certificate {self.tls}/server.crt; ssl_certificate_key {self.tls}/server.key;
    ssl_protocols TLSv1.3;
    auth_basic bench; auth_basic_user_file {self.root}/users;
    location / {{
      root {self.root}/data;
      dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;
    }}
  }}
}}
""")
        self.run([peers + "/usr/sbin/nginx", "-c", conf, "-e", self.log])
        self.await_start()


class Apache(Peer):
    """Debian's apache2-bin, which brings no service; mod_dav on the event MPM."""
    name = "Apache"

    def begin(self):
        self.port = free_port()
        password = subprocess.run(["openssl", "passwd", "-apr1", "-salt", "bench", PASSWORD],
                                  stdout=subprocess.PIPE, text=True, check=True)
        self.config("users", f"{self.user}:{password.stdout}")
        os.mkdir(self.path("run"))
        modules = ("mpm_event authn_core authn_file authz_core authz_user auth_basic "
                   "socache_shmcb authn_socache dav dav_fs ssl mime").split()
        user = ""
        if os.geteuid() == 0:
            user = "User nobody\nGroup nogroup\n"
            for path in (self.path("data"), self.path("run")):
                shutil.chown(path, "nobody", "nogroup")
        self.config("types", "")
        conf = self.config("apache.conf", "".join(
            f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n" for name in modules) + f"""
{user}ServerRoot {self.root}
ServerName localhost
Listen 127.0.0.1:{self.port}
PidFile {self.root}/run/pid
DefaultRuntimeDir {self.root}/run
Mutex sem
ErrorLog {self.log}
LogLevel error
TypesConfig {self.root}/types
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
Timeout 600
ServerLimit 16
ThreadsPerChild 64
MaxRequestWorkers 1024
AsyncRequestWorkerFactor 8
DavLockDB {self.root}/run/locks
AuthnCacheEnable
SSLEngine on
SSLProtocol TLSv1.3
SSLCertificateFile {self.tls}/server.crt
SSLCertificateKeyFile {self.tls}/server.key
DocumentRoot {self.root}/data
<Directory {self.root}/data>
  Dav On
  AllowOverride None
  LimitRequestBody 0
  AuthType Basic
  AuthName bench
  AuthBasicProvider socache file
  AuthnCacheProvideFor file
  AuthUserFile {self.root}/users
  Require valid-user
</Directory>
""")
        self.run(["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", conf],
                 env={"PATH": os.environ.get("PATH", "/usr/bin")})
        self.await_start()


class Rclone(Peer):
    """rclone serve webdav: one plain copy, as dozo's data would lie without it."""
    name = "rclone"

    def begin(self):
        self.port = free_port()
        self.run(["rclone", "serve", "webdav", self.path("data"), "--addr",
                  f"127.0.0.1:{self.port}", "--cert", self.tls + "/server.crt", "--key",
                  self.tls + "/server.key", "--user", self.user, "--pass", PASSWORD,
                  "--config", os.devnull])
        self.await_start()


PEERS = (Nginx, Apache, Rclone)
