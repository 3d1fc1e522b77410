"""A real nginx as an endpoint, in one process, that comes and goes as the scene wants."""

import subprocess
from pathlib import Path

from origin import free_port
from raw import Wire, until

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http}
  server {{ listen {host}:{port} {speaks}; root {folder}; {server} }}
}}
"""


class Nginx:
    """with Nginx(folder, "location ..."): it runs; after it, nobody listens at its address."""

    def __init__(self, folder, server="", http="", everywhere=False, speaks=""):
        self.folder, self.port = Path(folder) / "nginx", free_port()
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        self.address = f"127.0.0.1:{self.port}"
        host = "0.0.0.0" if everywhere else "127.0.0.1"
        (self.folder / "conf").write_text(
            CONFIG.format(
                folder=self.folder,
                port=self.port,
                host=host,
                speaks=speaks,
                http=http,
                server=server,
            )
        )

    def __enter__(self):
        conf, error = self.folder / "conf", self.folder / "error"
        self.process = subprocess.Popen(["nginx", "-c", conf, "-e", error, "-g", "user root;"])
        until(self.answers, "nginx")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def answers(self):
        try:
            Wire.dial(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False
