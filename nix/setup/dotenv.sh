# shellcheck shell=bash
# The settings that are needed before there is any Python: from the environment, else from .env. The rule for .env, its
# reasons and its words are those of python/jupyter_utils/machine/dotenv.py; a test holds the two together.

declare -A dotenv_values=() dotenv_unclear=() dotenv_lines=()
dotenv_read='' dotenv_found='' dotenv_problem=''
dotenv_double='"(([^"\\]|\\.)*)"' dotenv_single="'(([^'\\\\]|\\\\.)*)'"

# The value of a setting, without the blanks and quotes that docker-compose users leave around it. Of a proxy either
# letter case will do in the environment.
setting() {
  local name=$1 twin=$1 value
  [[ $name != *_PROXY ]] || twin=${name,,}
  read_dotenv
  for value in "${!name:-}" "${!twin:-}" "${dotenv_values[$name]:-}"; do
    while :; do
      value=${value#"${value%%[! $'\t\r\n']*}"} value=${value%"${value##*[! $'\t\r\n']}"}
      [[ $value =~ ^(\"(.*)\"|\'(.*)\')$ ]] || break
      value=${value:1:${#value}-2}
    done
    [ -z "$value" ] || break
  done
  printf '%s' "$value"
}

# Read .env once. Bytes, not characters, are compared: the machine may have no locale.
read_dotenv() {
  [ -z "$dotenv_read" ] || return 0
  dotenv_read=yes
  [ -e .env ] || return 0
  local LC_ALL=C text blank=$'([ \t]|\xc2\xa0|\xe3\x80\x80)*' number=0 first line name raw found value
  dotenv_text
  while [ -n "$text" ]; do
    dotenv_line
    first=$number
    [[ ! ${line%$'\r'} =~ ^$blank(#.*)?$ ]] || continue
    [[ ${line%$'\r'} =~ ^$blank(export[[:blank:]]+)?([A-Za-z0-9_.-]+)[[:blank:]]*(=(.*))?$ ]] ||
      die ".env, line $first: this is not NAME=VALUE. Correct it, or begin it with #."
    name=${BASH_REMATCH[3]} found=${BASH_REMATCH[4]} raw=''
    [ -z "$found" ] || raw=${line#*=}
    dotenv_rest_of_quoted
    dotenv_take "${raw%$'\r'}"
  done
  for name in http_proxy https_proxy no_proxy; do
    value=${dotenv_values[$name]:-}
    [[ -z $value || $value = "${dotenv_values[${name^^}]:-}" ]] ||
      die ".env, line ${dotenv_lines[$name]}: $name counts in capitals only. Write ${name^^}."
  done
}

dotenv_text() { # sets text
  if [ ! -r .env ] || [ -d .env ]; then die ".env cannot be read. Correct its rights, or remove it."; fi
  if [ "$(tr -d '\000' <.env | wc -c)" != "$(wc -c <.env)" ] || [[ $(head -c 2 .env) == $'\xff\xfe' || $(head -c 2 .env) == $'\xfe\xff' ]]; then
    die ".env is in UTF-16, as PowerShell's > writes it, or holds NUL. Make it UTF-8: iconv -f UTF-16 -t UTF-8 .env >new && mv new .env"
  fi
  text=$(LC_ALL=C.UTF-8 grep -naxv '.*' .env) &&
    die ".env, line ${text%%:*}: this is not UTF-8. If it is Shift_JIS (CP932): iconv -f CP932 -t UTF-8 .env >new && mv new .env"
  text=$(cat .env; printf .)
  text=${text%.} text=${text#$'\xef\xbb\xbf'}
  if [[ $text =~ $'\r'[^$'\n'] ]]; then
    line=${text%%$'\r'[!$'\n']*}
    line=${line//[!$'\n']/}
    die ".env, line $((${#line} + 1)): a carriage return (CR) stands alone. Save the file with LF."
  fi
}

dotenv_line() { # takes the first line off text; sets line, counts number
  line=${text%%$'\n'*} number=$((number + 1))
  if [[ $text == *$'\n'* ]]; then text=${text#*$'\n'}; else text=''; fi
}

dotenv_rest_of_quoted() { # adds the lines on which a quoted value goes on to raw
  local opened closed
  while
    opened=${raw#"${raw%%[! $'\t']*}"} closed=''
    case $opened in
      \"*) [[ $opened =~ ^$dotenv_double ]] || closed=no ;;
      \'*) [[ $opened =~ ^$dotenv_single ]] || closed=no ;;
    esac
    [ -n "$closed" ]
  do
    [ -n "$text" ] || die ".env, line $first: a quote begins here and never ends. Close it, or leave it out."
    dotenv_line
    raw+=$'\n'$line
  done
}

dotenv_is_ours() {
  case ${1^^} in
    JUPYTER_?* | MLFLOW_?* | CONTAINER_[GU]ID | DEBIAN_MIRROR | DEBIAN_SECURITY_MIRROR | DEBIAN_SNAPSHOT | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) ;;
    LISTEN_ADDRESS | RUN_AS_ROOT | EXTRA_CA_CERTS | PIP_INDEX_URL | SHM_SIZE | ENVIRONMENTS) ;;
    *) return 1 ;;
  esac
}

dotenv_take() { # what stands after the = of $name
  dotenv_problem='' dotenv_found='' dotenv_lines[$name]=$first
  unset "dotenv_values[$name]" "dotenv_unclear[$name]"
  dotenv_value "$1"
  if [ -z "$dotenv_problem" ]; then
    dotenv_values[$name]=$dotenv_found
  elif dotenv_is_ours "$name"; then
    die ".env, line $first: $name $dotenv_problem"
  else
    dotenv_unclear[$name]=yes
  fi
}

dotenv_value() { # sets dotenv_found or dotenv_problem
  local raw=${1#"${1%%[! $'\t']*}"}
  if dotenv_is_ours "$name" && [[ $name != "${name^^}" && $name != @(http|https|no)_proxy ]]; then
    dotenv_problem="counts in capitals only. Write ${name^^}."
  elif [ -z "$found" ]; then
    dotenv_problem="has no =. Write $name=VALUE, or begin the line with #."
  elif [[ $raw == [\"\']* ]]; then
    dotenv_quoted
  elif [[ $raw == \#* && $raw != "$1" ]]; then
    dotenv_problem="has a comment where its value should be. Put the comment on a line of its own."
  else
    raw=${raw%%" #"*}
    dotenv_unquoted "${raw%"${raw##*[! $'\t']}"}"
  fi
}

dotenv_unquoted() {
  local odd=$'([\t\v\f\x1c-\x1f]|\xc2\x85|\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)'
  if [[ $1 =~ ^$odd|$odd(#|$) ]]; then
    dotenv_problem="has a tab or an unusual blank beside its value. Write a space, or quote the value."
  else
    dotenv_expand "$1" '$'
  fi
}

dotenv_quoted() {
  local inner
  if ! [[ $raw =~ ^($dotenv_double|$dotenv_single)[[:blank:]]*(#.*)?$ ]]; then
    dotenv_problem="has something after its closing quote. Put the whole value into one pair of quotes."
    return
  fi
  inner=${BASH_REMATCH[2]}${BASH_REMATCH[4]}
  case $inner in
    *$'\r'*) dotenv_problem="has several lines that end with CRLF. Save the file with LF." ;;
    $'\n'*) dotenv_problem="begins with an empty line. Begin the value right after its quote." ;;
    *) if [[ $raw == \"* ]]; then dotenv_expand "$inner" '\$'; else dotenv_literal "$inner"; fi ;;
  esac
}

dotenv_literal() {
  # shellcheck disable=SC2016 # that very text
  case $1 in
    *'${'*) dotenv_problem='has ${ in single quotes. Give such a value in the environment or in a file.' ;;
    *"\\\\"*) dotenv_problem='has \\ in single quotes. Take double quotes.' ;;
    *) dotenv_found=${1//"\\'"/"'"} ;;
  esac
}

dotenv_expand() { # text; the characters that mean something
  local rest=$1
  while [ -n "$rest" ] && [ -z "$dotenv_problem" ]; do
    case ${rest:0:1} in
      ["$2"])
        if [[ $rest == \$* ]]; then dotenv_dollar; else dotenv_escape; fi
        ;;
      *) dotenv_found+=${rest:0:1} rest=${rest:1} ;;
    esac
  done
}

dotenv_dollar() {
  local word name_of
  if [[ $rest =~ ^\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^\$\{\}\\]*))?\} ]]; then
    name_of=${BASH_REMATCH[1]} word=${BASH_REMATCH[2]:+has${BASH_REMATCH[3]}}
    rest=${rest:${#BASH_REMATCH[0]}}
    dotenv_look_up "$name_of" "$word"
  elif [[ $rest =~ ^\$[A-Za-z_\{\$] ]]; then
    dotenv_problem='has a $ before a letter, _, { or $. Put the value into single quotes.'
  else
    dotenv_found+=\$ rest=${rest:1}
  fi
}

dotenv_look_up() { # name, "has" and the word for want of it
  local value='' is='' given
  if given=$(printenv "$1" && printf .); then given=${given%$'\n.'} value=$given is=yes; fi
  if [ -n "${dotenv_unclear[$1]:-}" ] || [[ -n $is && -n ${dotenv_values[$1]+set} && $given != "${dotenv_values[$1]}" ]]; then
    dotenv_problem="refers to $1, which may mean two things. Write its value instead."
    return
  fi
  [ -z "${dotenv_values[$1]+set}" ] || value=${dotenv_values[$1]} is=yes
  if [[ (-z $is && -z $2) || (-n $is && -z $value && -n $2) ]]; then
    dotenv_problem="refers to $1, which is not set. Set it above, or put the value into single quotes."
    return
  fi
  [ -n "$is" ] || value=${2#has}
  dotenv_found+=$value
}

dotenv_escape() { # of double quotes
  case ${rest:1:1} in
    a) dotenv_found+=$'\a' ;;
    b) dotenv_found+=$'\b' ;;
    f) dotenv_found+=$'\f' ;;
    n) dotenv_found+=$'\n' ;;
    r) dotenv_found+=$'\r' ;;
    t) dotenv_found+=$'\t' ;;
    v) dotenv_found+=$'\v' ;;
    [\"\\]) dotenv_found+=${rest:1:1} ;;
    [\'\$0]) dotenv_problem="has a \\ before ', \$ or 0 in double quotes. Take single quotes." ;;
    *)
      dotenv_found+=\\ rest=${rest:1}
      return
      ;;
  esac
  rest=${rest:2}
}
