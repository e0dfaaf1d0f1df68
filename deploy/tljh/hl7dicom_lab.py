"""The course in The Littlest JupyterHub: read by its hub from jupyterhub_config.d, where install.sh puts this file.

Rules: each learner's server runs under an account of its own, which is how The Littlest JupyterHub works, and lays the
notebooks into that account's home itself; the kernels that nobody uses end, so that a day's forgotten tabs do not fill
the memory.
"""

IDLE_MINUTES = 90

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - the hub gives it to this file

c.Spawner.cmd = ["/opt/tljh/user/bin/python", "/opt/hl7dicom_lab/learner_server.py"]
c.Spawner.default_url = "/lab/tree/00_start_here.ipynb"
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_MINUTES * 60}",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",
]
