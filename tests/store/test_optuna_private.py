"""What is private of Optuna does what it is needed for."""

from sqlalchemy import select

from dynstudy.store.optuna_private import (
    STUDIES,
    STUDY_ATTRIBUTES,
    TRIALS,
    open_running_trial,
    study_id,
)
from dynstudy.store.studies import Storage
from dynstudy.store.study_rows import SPEC
from tests.planted import SearchMaker, SpecMaker


def test_the_number_of_a_study_is_the_one_in_its_table(
    storage: Storage, make_spec: SpecMaker, make_search: SearchMaker
) -> None:
    for spec in (make_spec(), make_search()):
        storage.open_study(spec)
    listed = {each.study_name: study_id(each) for each in storage.optuna.get_all_studies()}
    with storage.engine.connect() as connection:
        rows = connection.execute(select(STUDIES.c.study_name, STUDIES.c.study_id))
        assert dict(tuple(row) for row in rows) == listed
        keys = select(STUDY_ATTRIBUTES.c.key).where(STUDY_ATTRIBUTES.c.study_id == 1)
        assert SPEC in set(connection.scalars(keys))


def test_a_running_trial_can_be_given_attributes(
    storage: Storage, make_search: SearchMaker
) -> None:
    study = storage.open_study(make_search())
    study.ask()
    (frozen,) = study.get_trials(deepcopy=False)
    open_running_trial(study, frozen).set_user_attr("replicates", 2)
    assert study.trials[0].user_attrs == {"replicates": 2}
    with storage.engine.connect() as connection:
        assert list(connection.scalars(select(TRIALS.c.state))) == ["RUNNING"]
