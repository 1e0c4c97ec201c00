# Units of the form of NixOS' `systemd.services`, `.sockets` and `.timers` as text: file name -> content of the file.
{
  services,
  sockets ? { },
  timers ? { },
}:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    concatMap
    filter
    isAttrs
    isBool
    isList
    listToAttrs
    replaceStrings
    ;
  value = item: if isBool item then (if item then "true" else "false") else toString item;
  # A list becomes one line an item, which systemd adds up; an empty list no line.
  line = name: item: if isList item then concatMap (line name) item else [ "${name}=${value item}" ];
  section =
    name: settings:
    let
      lines = concatMap (key: line key settings.${key}) (attrNames settings);
    in
    if lines == [ ] then [ ] else [ "[${name}]" ] ++ lines ++ [ "" ];
  quote = text: "\"${replaceStrings [ "\\" "\"" ] [ "\\\\" "\\\"" ] (toString text)}\"";
  given = name: unit: if unit ? ${name} then unit.${name} else [ ];
  text =
    kind: unit:
    concatStringsSep "\n" (
      section "Unit" (
        {
          Description = unit.description;
          Documentation = given "documentation" unit;
          Wants = given "wants" unit;
          Requires = given "requires" unit;
          After = given "after" unit;
          Conflicts = given "conflicts" unit;
        }
        // (if unit ? unitConfig then unit.unitConfig else { })
      )
      ++ kind unit
      ++ section "Install" { WantedBy = given "wantedBy" unit; }
    );
  service =
    unit:
    section "Service" (
      {
        Environment = map (name: quote "${name}=${unit.environment.${name}}") (
          filter (name: unit.environment.${name} != null) (attrNames unit.environment)
        );
      }
      // unit.serviceConfig
    );
  socket = unit: section "Socket" unit.socketConfig;
  timer = unit: section "Timer" unit.timerConfig;
  files =
    kind: suffix: units:
    map (name: {
      name = "${name}.${suffix}";
      value =
        assert isAttrs units.${name};
        text kind units.${name};
    }) (attrNames units);
in
listToAttrs (
  files service "service" services ++ files socket "socket" sockets ++ files timer "timer" timers
)
