"""Where work runs: devices, threads, work ahead and several processes."""
