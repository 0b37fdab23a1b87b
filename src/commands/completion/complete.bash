# bash completion of sinkscope, made by `sinkscope completion bash`.
# Of each option: command, name (* stands for an argument), kind of value, choices, help; a dot where there is none.
_sinkscope_table=$(cat <<'TABLE'
@TABLE@
TABLE
)

_sinkscope_cached_models() {
  local hub=${HF_HUB_CACHE:-${HUGGINGFACE_HUB_CACHE:-${HF_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/huggingface}/hub}} folder
  for folder in "$hub"/models--*; do
    folder=${folder##*/models--}
    [[ $folder == '*' ]] || echo "${folder//--//}"
  done
}

# Offers those of its words that begin with what was typed; of a list, behind its last comma. Within an open quote they stay as they are.
_sinkscope_offer() {
  local before=$1 typed=$2 word
  shift 2
  for word; do
    [[ $word == "$typed"* ]] || continue
    [[ $quote ]] || word=$(printf %q "$word")
    COMPREPLY+=("$before$word")
  done
}

_sinkscope_value() {
  local kind=$1 typed=$2 before= quote= file
  local -a choices
  read -ra choices <<< "$3"
  compopt +o default
  [[ $typed == [\"\']* ]] && quote=${typed:0:1} typed=${typed:1}
  case $kind in
    choices | files)
      [[ $typed == *,* ]] && before=${typed%,*},
      typed=${typed##*,}
      typed=${typed//\\/}
      ;;
  esac
  [[ $typed =~ ^blocks\.([0-9]+)\. ]] && choices=("${choices[@]//\*/${BASH_REMATCH[1]}}")  # hook points of one layer
  case $kind in
    choice) _sinkscope_offer "" "$typed" "${choices[@]}" ;;
    choices) compopt -o nospace; _sinkscope_offer "$before" "$typed" "${choices[@]}" ;;
    model) compopt -o plusdirs; _sinkscope_offer "" "$typed" $(_sinkscope_cached_models) ;;
    folder) compopt -o plusdirs ;;
    file) compopt -o default ;;
    files)
      [[ $before ]] || { compopt -o default; return; }
      compopt -o nospace
      while IFS= read -r file; do COMPREPLY+=("$before$(printf %q "$file")"); done < <(compgen -f -- "$typed")
      ;;
  esac
}

_sinkscope() {
  local quote= typed=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command=. argument= i of name kind choices help
  local -a names=() commands=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
  done
  [[ $typed == = ]] && typed=  # bash takes --dtype=f for three words
  [[ $option == = ]] && option=${COMP_WORDS[COMP_CWORD - 2]}
  [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && option=${COMP_WORDS[COMP_CWORD - 1]}
  while IFS=$'\t' read -r of name kind choices help; do
    [[ $of == "$command" ]] || continue
    if [[ $name == "$option" && $kind != flag && $kind != command ]]; then
      _sinkscope_value "$kind" "$typed" "$choices"
      return
    fi
    case $name,$kind in
      *,command) commands+=("$name") ;;
      \*,*) argument=$kind; set -- "$choices" ;;
      *) names+=("$name") ;;
    esac
  done <<< "$_sinkscope_table"
  if [[ $typed != -* && $argument ]]; then
    _sinkscope_value "$argument" "$typed" "$1"
    return
  fi
  compopt +o default
  [[ $typed != -* && $command == . ]] && names=("${commands[@]}")
  _sinkscope_offer "" "$typed" "${names[@]}"
}

complete -o default -F _sinkscope sinkscope
