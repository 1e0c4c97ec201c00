# What the servers' units share: how they start, how they are known to be ready, how they come back.
{
  # Started by systemd itself, not by a shell: %-signs, quotes and dollars of systemd's own (systemd.service(5)).
  escape =
    word:
    "\"${builtins.replaceStrings [ "\\" "\"" "%" "$" ] [ "\\\\" "\\\"" "%%" "$$" ] (toString word)}\"";

  server = {
    # The launcher says when the servers answer, so that `systemctl start` returns then and not before.
    Type = "notify";
    # It says so from a process below its first one.
    NotifyAccess = "all";
    TimeoutStartSec = 240;
    # A kernel that is busy gets 8 s of these by the launcher.
    TimeoutStopSec = 20;
    # SIGTERM goes to the launcher, which ends everything in order; what is left after it is killed at once.
    KillMode = "mixed";
    # A kernel or server that the OOM killer takes is the launcher's business, which starts it again or says so; the
    # rest of the unit goes on.
    OOMPolicy = "continue";
    Restart = "always";
    RestartSec = "200ms";
  };
  # A server that cannot start, for a setting that is wrong, is not tried for ever. One that dies later does not count:
  # the launcher itself starts it again, with growing pauses.
  limits = {
    StartLimitIntervalSec = 120;
    StartLimitBurst = 6;
  };

  environment = {
    LANG = "C.UTF-8";
    JUPYTER_UTILS_PROFILE = "system";
  };
}
